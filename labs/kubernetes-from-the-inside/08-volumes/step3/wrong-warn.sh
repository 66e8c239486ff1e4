#!/bin/bash
# A warning keeps no pod out.
set -e
kubectl label namespace guarded pod-security.kubernetes.io/warn=baseline --overwrite
kubectl apply -f - <<'YAML'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shelf, namespace: guarded}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: safe, namespace: guarded}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: shelf, persistentVolumeClaim: {claimName: shelf}}]
  containers:
    - name: main
      image: registry.k8s.io/e2e-test-images/agnhost:2.66.1
      args: [pause]
      volumeMounts: [{name: shelf, mountPath: /data}, {name: shelf, mountPath: /mirror}]
YAML
kubectl -n guarded wait --for=condition=Ready pod/safe --timeout=90s
