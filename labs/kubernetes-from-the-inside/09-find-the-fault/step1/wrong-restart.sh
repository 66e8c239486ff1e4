#!/bin/bash
# New pods are like the old ones.
set -e
kubectl -n shop rollout restart deployment back
kubectl -n shop rollout status deployment/back --timeout=90s
