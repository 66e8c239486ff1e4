#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get pod phoenix -o jsonpath="$1" 2>/dev/null; }

kubectl -n default get pod phoenix >/dev/null 2>&1 || fail "There is no pod phoenix."
restarts=$(get '{.status.containerStatuses[0].restartCount}')
[ "${restarts:-0}" -ge 1 ] || fail "The container of phoenix has not been restarted. (A pod that was deleted and made again is another pod.)"
kubectl -n default wait --for=condition=Ready pod/phoenix --timeout=20s >/dev/null 2>&1 || fail "The pod phoenix is not ready."
echo "The kubelet has restarted the container: $restarts time(s)."
