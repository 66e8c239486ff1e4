#!/bin/bash
# Without an address, and without pods.
set -e
kubectl -n village create service clusterip bakers --clusterip=None
kubectl -n village scale deployment baker --replicas=4
kubectl -n village rollout status deployment/baker --timeout=90s
