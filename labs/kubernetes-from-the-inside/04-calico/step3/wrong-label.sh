#!/bin/bash
# A label with the pool's name, which Calico does not read.
set -e
kubectl apply -f - <<'YAML'
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: guests}
spec: {cidr: 10.99.0.0/24, vxlanMode: CrossSubnet, natOutgoing: true, nodeSelector: "!all()"}
YAML
kubectl -n default run guest --labels=ipv4pools=guests --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- netexec
kubectl -n default wait --for=condition=Ready pod/guest --timeout=60s
