#!/bin/bash
# The ClusterRole edit, which changes things.
set -e
kubectl -n blue create rolebinding alice-edits --clusterrole=edit --user=alice
