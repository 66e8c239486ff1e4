#!/bin/bash
# The name is right, and nothing listens on port 80.
set -e
kubectl -n village expose deployment baker --name=bakery --port=8080
