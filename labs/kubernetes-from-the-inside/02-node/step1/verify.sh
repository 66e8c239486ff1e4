#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
node=$(kubectl get nodes -l node-role.kubernetes.io/control-plane -o jsonpath='{.items[0].metadata.name}')
get() { kubectl -n default get pod "heartbeat-$node" -o jsonpath="$1" 2>/dev/null; }

kubectl -n default get pod "heartbeat-$node" >/dev/null 2>&1 ||
  fail "There is no pod heartbeat-$node in the namespace default, as the mirror of a static pod heartbeat would be called."
[ "$(get '{.metadata.annotations.kubernetes\.io/config\.source}')" = file ] || fail "The pod heartbeat-$node came from the API server, not from a file."
[ "$(get '{.spec.containers[0].image}')" = registry.k8s.io/e2e-test-images/agnhost:2.66.1 ] || fail "The container has another image than the step asks for."
get '{.spec.containers[0].args}{.spec.containers[0].command}' | grep -q netexec || fail "The container must run netexec."
kubectl -n default wait --for=condition=Ready "pod/heartbeat-$node" --timeout=20s >/dev/null 2>&1 || fail "The pod heartbeat-$node is not ready."
echo "The kubelet runs your static pod."
