#!/bin/bash
# The rights of an administrator.
set -e
kubectl create namespace gate
kubectl -n gate create serviceaccount reader
kubectl create clusterrolebinding reader --clusterrole=cluster-admin --serviceaccount=gate:reader
