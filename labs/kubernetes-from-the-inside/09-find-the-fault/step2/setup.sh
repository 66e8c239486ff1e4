#!/bin/bash
# The incident: DNS has no pods.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n kube-system scale deployment coredns --replicas=0
kubectl -n kube-system wait --for=delete pods -l k8s-app=kube-dns --timeout=60s
touch /var/tmp/incident-2
