#!/bin/bash
# A pod beside the ReplicaSet that never belonged to it.
set -e
kubectl -n default run web-quarantine --labels=app=quarantine --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- netexec
kubectl -n default wait --for=condition=Ready pod/web-quarantine --timeout=60s
