#!/bin/bash
# The pod does not listen on port 80.
set -e
kubectl -n default create service nodeport hello --tcp=80:80 --node-port=30080
