#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
address=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}' 2>/dev/null)
[ -n "$address" ] || fail "There is no Service shop."
services=$(kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg service list -o json 2>/dev/null) || fail "Cilium's agent does not answer."
shop=$(jq --arg ip "$address" '[.[] | select(.spec."frontend-address".ip == $ip)][0].spec' <<<"$services")
[ "$shop" != null ] || fail "Cilium knows no Service at $address."
backends=$(jq '[."backend-addresses"[]? | select((.state // "active") == "active")] | length' <<<"$shop")
[ "$backends" = 2 ] || fail "The Service shop has $backends backends, and should have two."
[ -s /root/service-id ] || fail "There is no file /root/service-id, or it is empty."
said=$(tr -d ' \t\r\n' </root/service-id)
[ "$said" = "$(jq .id <<<"$shop")" ] || fail "/root/service-id says $said, which is not the ID of the Service shop."
echo "The Service shop has the ID $said, and two backends."
