#!/bin/bash
# More than looking.
set -e
kubectl -n blue create rolebinding alice-edits --clusterrole=edit --user=alice
