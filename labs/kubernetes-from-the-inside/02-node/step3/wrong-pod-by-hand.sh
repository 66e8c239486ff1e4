#!/bin/bash
# A pod like those of the DaemonSet, which no one would replace.
set -e
node=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
kubectl -n default run watchman --labels=app=hand-made --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 \
  --overrides="{\"spec\": {\"nodeName\": \"$node\"}}" -- pause
kubectl -n default wait --for=condition=Ready pod/watchman --timeout=60s
