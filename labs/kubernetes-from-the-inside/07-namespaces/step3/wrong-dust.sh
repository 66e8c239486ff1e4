#!/bin/bash
# Another object than the one that holds it.
kubectl -n attic delete configmap dust kube-root-ca.crt --ignore-not-found --wait=false
