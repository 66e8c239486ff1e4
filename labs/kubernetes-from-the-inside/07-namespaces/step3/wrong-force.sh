#!/bin/bash
# Force skips the wait for pods, and no finalizer.
kubectl -n attic delete configmap old-trunk --force --grace-period=0 --wait=false
