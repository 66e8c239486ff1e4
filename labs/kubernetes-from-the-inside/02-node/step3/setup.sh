#!/bin/bash
# A DaemonSet that stays away from the control plane.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete pods -l app=watchman --ignore-not-found --grace-period=1
kubectl -n default delete daemonset watchman --ignore-not-found --cascade=foreground
kubectl taint nodes -l node-role.kubernetes.io/control-plane node-role.kubernetes.io/control-plane:NoSchedule --overwrite
kubectl -n default apply -f - <<'YAML'
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: watchman}
spec:
  selector: {matchLabels: {app: watchman}}
  template:
    metadata: {labels: {app: watchman}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: main, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [pause]}
YAML
kubectl -n default rollout status daemonset/watchman --timeout=90s
