#!/bin/bash
# Two entries of a list are an "or": friends, or anyone of the namespace.
set -e
kubectl apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: vault, namespace: bank}
spec:
  podSelector: {matchLabels: {app: vault}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {role: friend}}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}}]
      ports: [{protocol: TCP, port: 8080}]
YAML
