#!/bin/bash
set -e
kubectl -n attic patch configmap old-trunk --type=merge -p '{"metadata":{"finalizers":null}}'
kubectl wait --for=delete namespace/attic --timeout=60s
