#!/bin/bash
# A Service with three pods.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
rm -f /root/chain
kubectl -n default delete service shop --ignore-not-found
kubectl -n default delete deployment shop --ignore-not-found --cascade=foreground
kubectl -n default create deployment shop --replicas=3 --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --port=8080 -- /agnhost netexec
kubectl -n default expose deployment shop --port=80 --target-port=8080
kubectl -n default rollout status deployment/shop --timeout=120s
