#!/bin/bash
# A Deployment in the directory: the kubelet takes pods alone.
set -e
kubectl create deployment heartbeat -n default --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 \
  --dry-run=client -o yaml -- /agnhost netexec >/etc/kubernetes/manifests/heartbeat.yaml
