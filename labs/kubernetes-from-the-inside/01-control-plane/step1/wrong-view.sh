#!/bin/bash
# The ClusterRole view reads more than pods.
set -e
kubectl create namespace gate
kubectl -n gate create serviceaccount reader
kubectl -n gate create rolebinding reader --clusterrole=view --serviceaccount=gate:reader
