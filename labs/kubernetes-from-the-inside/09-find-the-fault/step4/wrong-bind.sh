#!/bin/bash
# The pods that wait are helped along, and no others.
set -e
node=$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')
for pod in $(kubectl -n shop get pods -l app=front --field-selector=status.phase=Pending -o jsonpath='{.items[*].metadata.name}'); do
  kubectl create --raw "/api/v1/namespaces/shop/pods/$pod/binding" -f - <<JSON
{"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "$pod"}, "target": {"apiVersion": "v1", "kind": "Node", "name": "$node"}}
JSON
done
kubectl -n shop rollout status deployment/front --timeout=90s
