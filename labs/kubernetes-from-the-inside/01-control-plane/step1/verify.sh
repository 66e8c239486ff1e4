#!/bin/bash
# The API server itself answers what the ServiceAccount may do.
fail() { echo "$*" >&2; exit 1; }
reader=system:serviceaccount:gate:reader
may() { [ "$(kubectl auth can-i "$@" --as="$reader" 2>/dev/null)" = yes ]; }

kubectl get namespace gate >/dev/null 2>&1 || fail "There is no namespace gate."
kubectl -n gate get serviceaccount reader >/dev/null 2>&1 || fail "There is no ServiceAccount reader in gate."
for verb in get list; do
  may "$verb" pods -n gate || fail "reader may not $verb pods in gate."
done
for verb in create update patch delete watch; do
  may "$verb" pods -n gate && fail "reader may $verb pods in gate, and should only get and list them."
done
for resource in secrets configmaps services deployments.apps; do
  may get "$resource" -n gate && fail "reader may get $resource in gate, and should only read pods."
done
may get pods --subresource=log -n gate && fail "reader may read logs in gate, and should only read pods."
may list pods -n kube-system && fail "reader may list pods in kube-system: the rights must end at the namespace gate."
may list nodes && fail "reader may list nodes, which no namespace contains."
echo "reader may get and list pods in gate, and nothing else."
