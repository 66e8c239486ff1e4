#!/bin/bash
# Shared within the pod, and not with the host.
set -e
kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: twin, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  volumes:
    - {name: shared, emptyDir: {}}
  containers:
    - name: main
      image: registry.k8s.io/e2e-test-images/agnhost:2.66.1
      args: [pause]
      volumeMounts:
        - {name: shared, mountPath: /data}
        - {name: shared, mountPath: /mirror}
YAML
kubectl -n default wait --for=condition=Ready pod/twin --timeout=60s
