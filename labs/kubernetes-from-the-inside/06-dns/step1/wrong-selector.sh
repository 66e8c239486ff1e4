#!/bin/bash
# "create service" selects app=bakery, and the pods have app=baker.
set -e
kubectl -n village create service clusterip bakery --tcp=80:8080
