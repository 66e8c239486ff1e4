#!/bin/bash
set -e
sed -i 's|sheduler.conf|scheduler.conf|' /etc/kubernetes/manifests/kube-scheduler.yaml
kubectl -n shop rollout status deployment/front --timeout=120s
kubectl -n kube-system wait --for=condition=Ready pod -l component=kube-scheduler --timeout=60s
