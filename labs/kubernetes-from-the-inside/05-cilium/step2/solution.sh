#!/bin/bash
set -e
address=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}')
kubectl -n default exec client -- curl -s -m 30 "http://$address/shell?cmd=sleep+20" >/dev/null 2>&1 &
for _ in $(seq 15); do
  kubectl -n default exec client -- ss -tnH state established | awk '$NF ~ /:8080$/ {print $NF}' | head -1 >/root/peer
  [ -s /root/peer ] && break
  sleep 1 # until the connection is there
done
kill %1
