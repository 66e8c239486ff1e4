#!/bin/bash
# The pod gets another label, and the ReplicaSet keeps it.
set -e
kubectl -n default label "$(kubectl -n default get pods -l app=web -o name | head -1)" quarantine=true
