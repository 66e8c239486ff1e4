#!/bin/bash
# Deleted and made again: another pod, without restarts.
set -e
manifest=$(kubectl -n default get pod phoenix -o json | jq 'del(.status, .metadata.uid, .metadata.resourceVersion)')
kubectl -n default delete pod phoenix --grace-period=1
kubectl create -f - <<<"$manifest"
kubectl -n default wait --for=condition=Ready pod/phoenix --timeout=60s
