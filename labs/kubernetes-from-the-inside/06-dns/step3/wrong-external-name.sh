#!/bin/bash
# A Service gives names below cluster.local alone.
set -e
kubectl -n town create service externalname bread --external-name=bakery.village.svc.cluster.local
