#!/bin/bash
# No one gets in.
set -e
kubectl apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: vault, namespace: bank}
spec:
  podSelector: {matchLabels: {app: vault}}
  policyTypes: [Ingress]
YAML
