#!/bin/bash
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
for namespace in blue green; do
  kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply -f -
done
