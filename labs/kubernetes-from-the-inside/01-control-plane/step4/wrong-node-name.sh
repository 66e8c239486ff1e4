#!/bin/bash
# Another pod of that name, which was born with a node.
set -e
node=$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')
kubectl -n default delete pod stuck --grace-period=1
kubectl -n default run stuck --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --overrides="{\"spec\": {\"nodeName\": \"$node\"}}" -- pause
kubectl -n default wait --for=condition=Ready pod/stuck --timeout=60s
