#!/bin/bash
# Nodes without a pod drop the traffic.
set -e
kubectl -n default create service nodeport hello --tcp=80:8080 --node-port=30080
kubectl -n default patch service hello -p '{"spec":{"externalTrafficPolicy":"Local"}}'
