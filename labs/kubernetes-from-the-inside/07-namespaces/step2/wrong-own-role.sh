#!/bin/bash
# A role of one's own, which will not follow when the cluster's gets new resources.
set -e
kubectl -n blue create role looker --verb=get,list,watch --resource=pods,services,configmaps,deployments.apps
kubectl -n blue create rolebinding alice-looks --role=looker --user=alice
