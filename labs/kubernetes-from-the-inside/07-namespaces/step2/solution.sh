#!/bin/bash
set -e
kubectl -n blue create rolebinding alice-views --clusterrole=view --user=alice
