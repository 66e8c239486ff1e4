#!/bin/bash
set -e
kubectl create namespace gate --dry-run=client -o yaml | kubectl apply -f -
kubectl -n gate create serviceaccount reader --dry-run=client -o yaml | kubectl apply -f -
kubectl -n gate create role pod-reader --verb=get,list --resource=pods
kubectl -n gate create rolebinding reader --role=pod-reader --serviceaccount=gate:reader
