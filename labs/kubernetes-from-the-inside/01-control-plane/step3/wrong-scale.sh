#!/bin/bash
# One pod is let go, and the Deployment asks for one less.
set -e
kubectl -n default scale deployment web --replicas=2
kubectl -n default rollout status deployment/web --timeout=60s
kubectl -n default label "$(kubectl -n default get pods -l app=web -o name | head -1)" app=quarantine --overwrite
