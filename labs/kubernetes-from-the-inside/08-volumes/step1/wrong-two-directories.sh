#!/bin/bash
# Two directories that have nothing to do with each other.
set -e
kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: twin, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  volumes:
    - {name: data, hostPath: {path: /srv/shared, type: DirectoryOrCreate}}
    - {name: mirror, hostPath: {path: /srv/mirror, type: DirectoryOrCreate}}
  containers:
    - name: main
      image: registry.k8s.io/e2e-test-images/agnhost:2.66.1
      args: [pause]
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: mirror, mountPath: /mirror}
YAML
kubectl -n default wait --for=condition=Ready pod/twin --timeout=60s
