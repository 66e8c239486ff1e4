#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get pod stuck -o jsonpath="$1" 2>/dev/null; }

kubectl -n default get pod stuck >/dev/null 2>&1 || fail "There is no pod stuck."
[ "$(get '{.spec.schedulerName}')" = by-hand ] || fail "The pod stuck has another scheduler: it was deleted and made again."
[ -n "$(get '{.spec.nodeName}')" ] || fail "The pod stuck has no node yet."
kubectl -n default wait --for=condition=Ready pod/stuck --timeout=20s >/dev/null 2>&1 || fail "The pod stuck has a node, and does not run there."
echo "You have scheduled a pod."
