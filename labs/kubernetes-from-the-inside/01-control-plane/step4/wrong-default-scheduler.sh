#!/bin/bash
# Another pod of that name, which the usual scheduler takes.
set -e
kubectl -n default delete pod stuck --grace-period=1
kubectl -n default run stuck --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause
kubectl -n default wait --for=condition=Ready pod/stuck --timeout=60s
