#!/bin/bash
set -e
kubectl -n village delete service bakers --ignore-not-found
kubectl -n village expose deployment baker --name=bakers --port=8080 --cluster-ip=None
kubectl -n village scale deployment baker --replicas=4
kubectl -n village rollout status deployment/baker --timeout=90s
