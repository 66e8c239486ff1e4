#!/bin/bash
# Every pod of the namespace may, front's or not.
set -e
kubectl apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: within, namespace: shop}
spec:
  podSelector: {matchLabels: {app: back}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {}}]}]
YAML
