#!/bin/bash
# It answers, from the pods of shop.
set -e
kubectl -n default patch service cart -p '{"spec":{"selector":{"app":"shop"}}}'
