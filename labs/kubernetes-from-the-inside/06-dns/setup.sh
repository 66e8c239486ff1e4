#!/bin/bash
# Bakers in one namespace, a client in another one.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
for namespace in village town; do
  kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply -f -
done
kubectl -n village create deployment baker --replicas=3 --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --port=8080 -- /agnhost netexec
kubectl -n town run client --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause
kubectl -n village rollout status deployment/baker --timeout=120s
kubectl -n town wait --for=condition=Ready pod/client --timeout=60s
