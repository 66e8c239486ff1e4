#!/bin/bash
set -e
crictl --timeout=30s stop "$(crictl ps --name ashes -q)"
for _ in $(seq 60); do
  [ "$(kubectl -n default get pod phoenix -o jsonpath='{.status.containerStatuses[0].restartCount}')" -ge 1 ] && break
  sleep 1 # until the kubelet reports the restart
done
kubectl -n default wait --for=condition=Ready pod/phoenix --timeout=60s
