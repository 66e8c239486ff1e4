#!/bin/bash
# The manifest is one directory too high, where the kubelet does not look.
set -e
kubectl run heartbeat -n default --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 \
  --dry-run=client -o yaml -- netexec >/etc/kubernetes/heartbeat.yaml
