#!/bin/bash
# A pod on this machine.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
node=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
kubectl -n default delete pod phoenix --ignore-not-found --grace-period=1
kubectl -n default apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: phoenix}
spec:
  nodeName: $node
  tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]
  terminationGracePeriodSeconds: 1
  containers:
    - {name: ashes, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [netexec]}
YAML
kubectl -n default wait --for=condition=Ready pod/phoenix --timeout=90s
