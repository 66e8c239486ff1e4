#!/bin/bash
# A copy of the file that etcd has open.
set -e
kubectl -n default create secret generic safe-word --from-literal=word=xyzzy
cp /var/lib/etcd/member/snap/db /var/lib/etcd/backup.db
