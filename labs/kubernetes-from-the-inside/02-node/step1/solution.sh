#!/bin/bash
set -e
kubectl run heartbeat -n default --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 \
  --dry-run=client -o yaml -- netexec >/etc/kubernetes/manifests/heartbeat.yaml
node=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
for _ in $(seq 60); do
  kubectl -n default wait --for=condition=Ready "pod/heartbeat-$node" --timeout=60s 2>/dev/null && exit 0
  sleep 1 # until the mirror pod is there
done
exit 1
