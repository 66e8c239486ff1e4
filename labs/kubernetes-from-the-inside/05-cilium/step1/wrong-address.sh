#!/bin/bash
# The address instead of the ID.
set -e
kubectl -n default scale deployment shop --replicas=2
kubectl -n default rollout status deployment/shop --timeout=60s
kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}' >/root/service-id
