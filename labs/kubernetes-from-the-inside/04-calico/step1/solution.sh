#!/bin/bash
set -e
east=$(kubectl -n default get pod east -o jsonpath='{.status.podIP}')
west=$(kubectl -n default get pod west -o jsonpath='{.status.podIP}')
kubectl -n default delete configmap way --ignore-not-found
kubectl -n default create configmap way \
  --from-literal=device="$(ip -j route get "$east" | jq -r '.[0].dev')" \
  --from-literal=gateway="$(ip -j route get "$west" | jq -r '.[0].gateway')"
