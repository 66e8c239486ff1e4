#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get pod guest -o jsonpath="$1" 2>/dev/null; }

[ "$(kubectl get ippools.crd.projectcalico.org guests -o jsonpath='{.spec.cidr}' 2>/dev/null)" = 10.99.0.0/24 ] ||
  fail "There is no IPPool guests with the range 10.99.0.0/24."
kubectl -n default get pod guest >/dev/null 2>&1 || fail "There is no pod guest in the namespace default."
kubectl -n default wait --for=condition=Ready pod/guest --timeout=20s >/dev/null 2>&1 || fail "The pod guest is not ready: kubectl describe pod guest"
address=$(get '{.status.podIP}')
case $address in
10.99.0.*) ;;
*) fail "The pod guest has the address $address, which is not of the pool guests." ;;
esac
kubectl -n default exec east -- curl -s --max-time 5 --retry 3 --retry-all-errors --retry-delay 1 "http://$address:8080/hostname" | grep -qx guest ||
  fail "The pod east does not reach guest at $address."
echo "guest has the address $address, and east reaches it."
