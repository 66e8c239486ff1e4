#!/bin/bash
# The rights are in the namespace default, and the ServiceAccount is in gate.
set -e
kubectl create namespace gate
kubectl -n gate create serviceaccount reader
kubectl -n default create role pod-reader --verb=get,list --resource=pods
kubectl -n default create rolebinding reader --role=pod-reader --serviceaccount=gate:reader
