#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
[ -e /var/tmp/incident-3 ] || fail "The incident has not begun yet. Check again in a moment."
closed=$(kubectl -n shop get networkpolicy closed -o json 2>/dev/null) || fail "The security team's policy closed is gone."
jq -e '.spec.podSelector == {} and .spec.policyTypes == ["Ingress"] and ((.spec.ingress // []) == [])' <<<"$closed" >/dev/null || fail "The security team's policy closed was changed."

# A stranger in the shop, and one outside of it.
stranger=stranger-$RANDOM$RANDOM # the one of the last check may still be there
clean() { for namespace in shop default; do kubectl -n "$namespace" delete pod "$stranger" --grace-period=1 --wait=false; done; }
trap 'clean >/dev/null 2>&1' EXIT
for namespace in shop default; do
  kubectl -n "$namespace" run "$stranger" --labels=app=stranger --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause >/dev/null
done
for namespace in shop default; do
  kubectl -n "$namespace" wait --for=condition=Ready "pod/$stranger" --timeout=50s >/dev/null 2>&1 || fail "A pod for the check does not start in the namespace $namespace."
done

for front in $(kubectl -n shop get pods -l app=front -o name); do
  kubectl -n shop exec "$front" -- curl -s --max-time 3 --retry 3 --retry-all-errors --retry-delay 1 http://back/hostname 2>/dev/null | grep -q '^back-' || fail "$front gets no answer from http://back."
done
for namespace in shop default; do
  kubectl -n "$namespace" exec "$stranger" -- curl -s --max-time 2 http://back.shop/hostname >/dev/null 2>&1 && fail "A pod with app=stranger in the namespace $namespace reaches back."
done
front=$(kubectl -n shop get pods -l app=front -o jsonpath='{.items[0].status.podIP}')
kubectl -n shop exec "$stranger" -- curl -s --max-time 2 "http://$front:8080/hostname" >/dev/null 2>&1 && fail "A pod with app=stranger reaches front now: allow less."
echo "front reaches back, and no one else does."
