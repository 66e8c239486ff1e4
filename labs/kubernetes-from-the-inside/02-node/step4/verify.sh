#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get service hello -o jsonpath="$1" 2>/dev/null; }

kubectl -n default get service hello >/dev/null 2>&1 || fail "There is no Service hello."
get '{.spec.ports[*].nodePort}' | tr ' ' '\n' | grep -qx 30080 || fail "The Service hello does not have the node port 30080."
[ "$(get '{.spec.externalTrafficPolicy}')" = Cluster ] || fail "Only nodes that run a pod of hello take its traffic: see externalTrafficPolicy."
pods=$(kubectl -n default get pods -l app=hello -o jsonpath='{.items[*].metadata.name}')
for address in $(kubectl get nodes -o jsonpath='{range .items[*]}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}' | cut -d' ' -f1); do
  answer=$(curl -s --max-time 5 --retry 3 --retry-all-errors --retry-delay 1 "http://$address:30080/hostname") || fail "http://$address:30080 does not answer."
  grep -qw -- "$answer" <<<"$pods" || fail "http://$address:30080 answers, but not from a pod of hello: $answer"
done
echo "Every node sends port 30080 to hello."
