#!/bin/bash
# A table with four correct entries.
set -e
kubectl -n default create configmap table --from-literal=pods=yes --from-literal=nodes=no --from-literal=roles=yes --from-literal=clusterroles=no
