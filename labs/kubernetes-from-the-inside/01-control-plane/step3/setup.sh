#!/bin/bash
# A Deployment of three pods.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete pods -l app=quarantine --ignore-not-found
kubectl -n default delete deployment web --ignore-not-found --cascade=foreground
kubectl -n default create deployment web --replicas=3 --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- /agnhost netexec
kubectl -n default rollout status deployment/web --timeout=120s
