#!/bin/bash
# The table that circulates.
set -e
kubectl -n default create configmap table --from-literal=pods=yes --from-literal=services=yes --from-literal=namespaces=no \
  --from-literal=nodes=no --from-literal=events=yes --from-literal=persistentvolumes=no --from-literal=persistentvolumeclaims=yes \
  --from-literal=storageclasses=no --from-literal=roles=no --from-literal=rolebindings=no --from-literal=clusterroles=no \
  --from-literal=clusterrolebindings=no --from-literal=serviceaccounts=yes --from-literal=networkpolicies=yes --from-literal=ingressclasses=no
