#!/bin/bash
# A pod with the right name on the right node, from the API server.
set -e
node=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
kubectl -n default run "heartbeat-$node" --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 \
  --overrides="{\"spec\": {\"nodeName\": \"$node\"}}" -- netexec
kubectl -n default wait --for=condition=Ready "pod/heartbeat-$node" --timeout=60s
