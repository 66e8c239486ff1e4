#!/bin/bash
# A Service with an address.
set -e
kubectl -n village expose deployment baker --name=bakers --port=8080
kubectl -n village scale deployment baker --replicas=4
kubectl -n village rollout status deployment/baker --timeout=90s
