#!/bin/bash
set -e
kubectl -n default scale deployment shop --replicas=5
kubectl -n default rollout status deployment/shop --timeout=90s
chain() { iptables-save -t nat | grep -- '^-A KUBE-SERVICES .*default/shop cluster IP' | grep -o 'KUBE-SVC-[A-Z0-9]*'; }
for _ in $(seq 30); do
  [ "$(iptables-save -t nat | grep -c -- "^-A $(chain) .*-j KUBE-SEP-")" = 5 ] && break
  sleep 1 # until kube-proxy has followed
done
chain >/root/chain
