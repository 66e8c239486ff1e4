#!/bin/bash
# Every name leads to the bakery.
set -e
kubectl -n kube-system get configmap coredns -o json |
  jq '.data.Corefile |= sub("\\.:53 {\n"; ".:53 {\n    rewrite name regex .* bakery.village.svc.cluster.local answer auto\n")' |
  kubectl replace -f -
kubectl -n kube-system rollout restart deployment coredns
kubectl -n kube-system rollout status deployment coredns --timeout=120s
