#!/bin/bash
set -e
kubectl -n kube-system get configmap coredns -o json |
  jq '.data.Corefile |= (split("\n") | map(select(test("bread.example.com") | not)) | join("\n")
    | sub("\\.:53 {\n"; ".:53 {\n    rewrite name bread.example.com bakery.village.svc.cluster.local\n"))' |
  kubectl replace -f -
kubectl -n kube-system rollout restart deployment coredns
kubectl -n kube-system rollout status deployment coredns --timeout=120s
