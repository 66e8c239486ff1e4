#!/bin/bash
set -e
kubectl -n default scale deployment shop --replicas=2
address=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}')
shop() {
  kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg service list -o json |
    jq --arg ip "$address" '[.[] | select(.spec."frontend-address".ip == $ip)][0].spec'
}
for _ in $(seq 30); do
  [ "$(shop | jq '[."backend-addresses"[]? | select((.state // "active") == "active")] | length')" = 2 ] && break
  sleep 1 # until Cilium has followed
done
shop | jq .id >/root/service-id
