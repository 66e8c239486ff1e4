#!/bin/bash
# A Service within the cluster alone.
set -e
kubectl -n default expose deployment hello --port=30080 --target-port=8080
