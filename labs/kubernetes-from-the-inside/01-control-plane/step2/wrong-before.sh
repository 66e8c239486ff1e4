#!/bin/bash
# The snapshot is older than the secret.
set -e
kubectl -n kube-system exec "$(kubectl -n kube-system get pod -l component=etcd -o name)" -- \
  etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \
  --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key \
  snapshot save /var/lib/etcd/backup.db
kubectl -n default create secret generic safe-word --from-literal=word=xyzzy
