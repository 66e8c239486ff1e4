#!/bin/bash
# A pod that waits for a scheduler which does not exist.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete pod stuck --ignore-not-found --grace-period=1
kubectl -n default apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: stuck}
spec:
  schedulerName: by-hand
  containers:
    - {name: main, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [pause]}
YAML
