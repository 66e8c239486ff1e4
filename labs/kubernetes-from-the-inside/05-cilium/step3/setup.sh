#!/bin/bash
# A vault, a friend and a stranger.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl create namespace bank --dry-run=client -o yaml | kubectl apply -f -
kubectl -n bank delete networkpolicies --all
kubectl -n bank delete pods --all --grace-period=1
kubectl -n bank run vault --labels=app=vault --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- netexec
kubectl -n bank run friend --labels=role=friend --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause
kubectl -n bank run stranger --labels=role=stranger --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause
kubectl -n bank wait --for=condition=Ready pods --all --timeout=120s
