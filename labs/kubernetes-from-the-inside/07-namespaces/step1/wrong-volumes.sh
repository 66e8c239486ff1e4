#!/bin/bash
# Volumes and claims are taken for the same.
set -e
kubectl -n default create configmap table --from-literal=pods=yes --from-literal=services=yes --from-literal=namespaces=no \
  --from-literal=nodes=no --from-literal=events=yes --from-literal=persistentvolumes=yes --from-literal=persistentvolumeclaims=yes \
  --from-literal=storageclasses=no --from-literal=roles=yes --from-literal=rolebindings=yes --from-literal=clusterroles=no \
  --from-literal=clusterrolebindings=no --from-literal=serviceaccounts=yes --from-literal=networkpolicies=yes --from-literal=ingressclasses=no
