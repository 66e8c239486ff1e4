#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
vault=$(kubectl -n bank get pod vault -o jsonpath='{.status.podIP}' 2>/dev/null)
[ -n "$vault" ] || fail "The pod vault does not run in the namespace bank."
reaches() { kubectl -n bank exec "$1" -- curl -s --max-time 2 "http://$vault:8080/hostname" 2>/dev/null | grep -qx vault; }

[ "$(kubectl -n bank get networkpolicies -o name | wc -l)" -gt 0 ] || fail "There is no NetworkPolicy in the namespace bank."
[ "$(kubectl -n bank get pods vault friend stranger -o jsonpath='{.items[*].metadata.labels}' 2>/dev/null)" = '{"app":"vault"} {"role":"friend"} {"role":"stranger"}' ] ||
  fail "The pods vault, friend and stranger must be there with the labels that they had."
for _ in 1 2 3 4 5; do
  reaches friend && break
  sleep 1 # a new policy takes a moment
done
reaches friend || fail "The friend does not reach the vault."
reaches stranger && fail "The stranger reaches the vault."
kubectl -n bank exec friend -- curl -s --max-time 2 "http://$vault:8080/shell?cmd=true" >/dev/null || fail "The friend does not reach the vault every time."
[ "$(kubectl -n bank get networkpolicies -o json | jq '[.items[] | select(.spec.podSelector == {})] | length')" = 0 ] ||
  fail "A policy selects every pod of the namespace. It should select the vault alone."
echo "Only the friend reaches the vault."
