#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
names() { kubectl -n town exec client -- dig +short bakers.village.svc.cluster.local 2>/dev/null | sort; }

[ -n "$(kubectl -n village get service bakers -o name 2>/dev/null)" ] || fail "There is no Service bakers in the namespace village."
[ "$(kubectl -n village get service bakers -o jsonpath='{.spec.clusterIP}')" = None ] || fail "The Service bakers has an address of its own."
[ "$(kubectl -n village get deployment baker -o jsonpath='{.spec.replicas}')" = 4 ] || fail "The Deployment baker should have four pods."
kubectl -n village rollout status deployment/baker --timeout=20s >/dev/null 2>&1 || fail "Not every baker is ready."
pods=$(kubectl -n village get pods -l app=baker -o jsonpath='{range .items[*]}{.status.podIP}{"\n"}{end}' | sort)
for _ in $(seq 10); do
  [ "$(names)" = "$pods" ] && { echo "DNS lists the four bakers: $(tr '\n' ' ' <<<"$pods")"; exit 0; }
  sleep 1 # CoreDNS hears of changes a moment later
done
fail "DNS does not list the addresses of the four bakers for bakers.village.svc.cluster.local, but: $(names | tr '\n' ' ')"
