#!/bin/bash
set -e
node=$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')
kubectl create --raw /api/v1/namespaces/default/pods/stuck/binding -f - <<JSON
{"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "stuck"},
 "target": {"apiVersion": "v1", "kind": "Node", "name": "$node"}}
JSON
kubectl -n default wait --for=condition=Ready pod/stuck --timeout=60s
