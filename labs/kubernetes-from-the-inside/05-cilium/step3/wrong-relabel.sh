#!/bin/bash
# The stranger is no longer one.
set -e
kubectl apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: vault, namespace: bank}
spec:
  podSelector: {matchLabels: {app: vault}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {role: friend}}}]
      ports: [{protocol: TCP, port: 8080}]
YAML
kubectl -n bank label pod friend role=stranger --overwrite
kubectl -n bank label pod stranger role=friend --overwrite
