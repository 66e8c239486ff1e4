#!/bin/bash
# Everywhere.
set -e
kubectl create clusterrolebinding alice-views --clusterrole=view --user=alice
