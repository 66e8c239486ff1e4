#!/bin/bash
# The shop.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl create namespace shop --dry-run=client -o yaml | kubectl apply -f -
for tier in front back; do
  kubectl -n shop create deployment "$tier" --replicas=2 --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --port=8080 -- /agnhost netexec
  kubectl -n shop expose deployment "$tier" --port=80 --target-port=8080
done
kubectl -n shop rollout status deployment/front --timeout=120s
kubectl -n shop rollout status deployment/back --timeout=120s
