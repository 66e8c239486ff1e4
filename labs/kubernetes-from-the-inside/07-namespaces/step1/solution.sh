#!/bin/bash
set -e
inside=$(kubectl api-resources --namespaced=true --no-headers -o name | cut -d. -f1)
arguments=()
for r in pods services namespaces nodes events persistentvolumes persistentvolumeclaims storageclasses roles \
  rolebindings clusterroles clusterrolebindings serviceaccounts networkpolicies ingressclasses; do
  if grep -qx "$r" <<<"$inside"; then arguments+=("--from-literal=$r=yes"); else arguments+=("--from-literal=$r=no"); fi
done
kubectl -n default delete configmap table --ignore-not-found
kubectl -n default create configmap table "${arguments[@]}"
