#!/bin/bash
# One pod, on the worker.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete service hello --ignore-not-found
kubectl -n default delete deployment hello --ignore-not-found --cascade=foreground
kubectl -n default create deployment hello --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --port=8080 -- /agnhost netexec
kubectl -n default rollout status deployment/hello --timeout=90s
