#!/bin/bash
# The right pods, and a port on which they do not listen.
set -e
kubectl -n default patch service cart -p '{"spec":{"selector":{"app":"cart"},"ports":[{"port":80,"targetPort":80}]}}'
