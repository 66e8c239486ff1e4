#!/bin/bash
set -e
kubectl -n default delete service hello --ignore-not-found
kubectl -n default create service nodeport hello --tcp=80:8080 --node-port=30080
