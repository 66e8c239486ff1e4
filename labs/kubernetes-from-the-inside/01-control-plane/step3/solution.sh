#!/bin/bash
set -e
kubectl -n default label "$(kubectl -n default get pods -l app=web -o name | head -1)" app=quarantine --overwrite
kubectl -n default rollout status deployment/web --timeout=60s
