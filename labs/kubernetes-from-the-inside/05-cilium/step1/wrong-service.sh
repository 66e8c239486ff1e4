#!/bin/bash
# The ID of the Service kubernetes.
set -e
kubectl -n default scale deployment shop --replicas=2
kubectl -n default rollout status deployment/shop --timeout=60s
address=$(kubectl -n default get service kubernetes -o jsonpath='{.spec.clusterIP}')
kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg service list -o json |
  jq --arg ip "$address" '[.[] | select(.spec."frontend-address".ip == $ip)][0].spec.id' >/root/service-id
