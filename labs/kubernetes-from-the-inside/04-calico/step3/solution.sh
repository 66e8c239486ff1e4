#!/bin/bash
set -e
kubectl -n default delete pod guest --ignore-not-found --grace-period=1
kubectl apply -f - <<'YAML'
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: guests}
spec: {cidr: 10.99.0.0/24, vxlanMode: CrossSubnet, natOutgoing: true, nodeSelector: all()}
---
apiVersion: v1
kind: Pod
metadata:
  name: guest
  namespace: default
  annotations: {cni.projectcalico.org/ipv4pools: '["guests"]'}
spec:
  containers:
    - {name: main, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [netexec]}
YAML
kubectl -n default wait --for=condition=Ready pod/guest --timeout=60s
