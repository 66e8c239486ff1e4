#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
kubectl wait --for=delete namespace/attic --timeout=15s >/dev/null 2>&1 || fail "The namespace attic is still there: $(kubectl get namespace attic -o jsonpath='{.status.phase}')"
left=$(kubectl -n kube-system exec "$(kubectl -n kube-system get pod -l component=etcd -o name)" -- \
  etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \
  --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key \
  get /registry/ --prefix --keys-only) || fail "etcd does not answer."
left=$(grep /attic/ <<<"$left")
[ -z "$left" ] || fail "The namespace is gone, and etcd still has $left"
echo "The namespace is gone, and nothing of it is left."
