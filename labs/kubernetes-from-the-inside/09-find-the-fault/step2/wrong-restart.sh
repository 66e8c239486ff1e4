#!/bin/bash
# A restart of no pods gives no pods.
set -e
kubectl -n kube-system rollout restart deployment coredns
kubectl -n shop rollout restart deployment front
kubectl -n shop rollout status deployment/front --timeout=90s
