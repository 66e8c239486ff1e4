#!/bin/bash
# A namespace that is being deleted, with an object that keeps it.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl create namespace attic --dry-run=client -o yaml | kubectl apply -f -
kubectl -n attic apply -f - <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata:
  name: old-trunk
  finalizers: [labs.example.com/empty-it-first]
data: {content: letters}
YAML
kubectl -n attic create configmap dust --from-literal=much=yes --dry-run=client -o yaml | kubectl apply -f -
kubectl delete namespace attic --wait=false
kubectl wait --for=jsonpath='{.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].status}'=True namespace/attic --timeout=60s
