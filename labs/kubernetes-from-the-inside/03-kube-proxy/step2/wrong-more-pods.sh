#!/bin/bash
# More pods that the Service does not look for.
set -e
kubectl -n default scale deployment cart --replicas=4
kubectl -n default rollout status deployment/cart --timeout=90s
