#!/bin/bash
# The pool is there, and the pod does not ask for it.
set -e
kubectl apply -f - <<'YAML'
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: guests}
spec: {cidr: 10.99.0.0/24, vxlanMode: CrossSubnet, natOutgoing: true, nodeSelector: "!all()"}
YAML
kubectl -n default run guest --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- netexec
kubectl -n default wait --for=condition=Ready pod/guest --timeout=60s
