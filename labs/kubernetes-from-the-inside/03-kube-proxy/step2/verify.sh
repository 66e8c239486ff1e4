#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
address=$(kubectl -n default get service cart -o jsonpath='{.spec.clusterIP}' 2>/dev/null)
[ -n "$address" ] || fail "There is no Service cart."
pods=$(kubectl -n default get pods -l app=cart -o jsonpath='{.items[*].metadata.name}')
[ "$(kubectl -n default get deployment cart -o jsonpath='{.spec.template.metadata.labels}')" = '{"app":"cart"}' ] ||
  fail "The labels of the Deployment's pods were changed. Change the Service instead."
answer=$(curl -s --max-time 5 --retry 5 --retry-all-errors --retry-delay 1 "http://$address/hostname") || fail "http://$address, the Service cart, does not answer."
grep -qw -- "$answer" <<<"$pods" || fail "The Service cart leads to another application: $answer"
iptables-save -t filter | grep -q -- "-d $address/32 .*has no endpoints" && fail "iptables still rejects connections to the Service cart."
echo "The Service cart has endpoints, and rules that lead to them."
