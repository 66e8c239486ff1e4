#!/bin/bash
# A pod on each node.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete configmap way --ignore-not-found
kubectl -n default delete pods east west --ignore-not-found --grace-period=1
here=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
there=$(kubectl get nodes -l '!node-role.kubernetes.io/control-plane' -o jsonpath='{.items[0].metadata.name}')
pod() {
  kubectl -n default apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $2
  tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]
  terminationGracePeriodSeconds: 1
  containers:
    - {name: main, image: registry.k8s.io/e2e-test-images/agnhost:2.66.1, args: [netexec]}
YAML
}
pod east "$here"
pod west "$there"
kubectl -n default wait --for=condition=Ready pod/east pod/west --timeout=120s
