#!/bin/bash
# A ClusterRoleBinding: rights in every namespace.
set -e
kubectl create clusterrolebinding alice-views --clusterrole=view --user=alice
