#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get daemonset watchman -o jsonpath="$1" 2>/dev/null; }

kubectl -n default get daemonset watchman >/dev/null 2>&1 || fail "There is no DaemonSet watchman."
kubectl get nodes -l node-role.kubernetes.io/control-plane \
  -o jsonpath='{range .items[*].spec.taints[*]}{.key}:{.effect}{"\n"}{end}' | grep -qx node-role.kubernetes.io/control-plane:NoSchedule ||
  fail "The control plane has lost its taint node-role.kubernetes.io/control-plane:NoSchedule. Put it back."
nodes=$(kubectl get nodes -o name | wc -l)
[ "$(get '{.status.desiredNumberScheduled}')" = "$nodes" ] || fail "The DaemonSet watchman wants pods on $(get '{.status.desiredNumberScheduled}') of $nodes nodes."
kubectl -n default rollout status daemonset/watchman --timeout=20s >/dev/null 2>&1 || fail "Not every pod of watchman is ready yet."
echo "watchman runs on all $nodes nodes, and the taint is in place."
