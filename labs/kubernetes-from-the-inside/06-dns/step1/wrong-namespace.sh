#!/bin/bash
# A Service in the client's namespace: its selector finds no pods there.
set -e
kubectl -n town create service clusterip bakery --tcp=80:8080
kubectl -n town patch service bakery -p '{"spec":{"selector":{"app":"baker"}}}'
