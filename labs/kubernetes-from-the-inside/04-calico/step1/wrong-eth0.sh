#!/bin/bash
# The pod's own name of its interface, and the gateway that the pod sees.
set -e
kubectl -n default create configmap way --from-literal=device=eth0 --from-literal=gateway=169.254.1.1
