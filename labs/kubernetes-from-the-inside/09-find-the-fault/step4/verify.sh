#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
[ -e /var/tmp/incident-4 ] || fail "The incident has not begun yet. Check again in a moment."
[ "$(kubectl -n shop get deployment front -o jsonpath='{.spec.replicas}')" -ge 4 ] || fail "The Deployment front asks for fewer than four pods."
kubectl -n kube-system wait --for=condition=Ready pod -l component=kube-scheduler --timeout=25s >/dev/null 2>&1 || fail "A part of the control plane is not ready."
kubectl -n default delete pod check-scheduling --ignore-not-found --grace-period=1 >/dev/null 2>&1
trap 'kubectl -n default delete pod check-scheduling --ignore-not-found --grace-period=1 --wait=false >/dev/null 2>&1' EXIT
kubectl -n default run check-scheduling --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 -- pause >/dev/null
kubectl -n default wait --for=condition=PodScheduled pod/check-scheduling --timeout=20s >/dev/null 2>&1 || fail "A new pod is given no node."
kubectl -n shop rollout status deployment/front --timeout=20s >/dev/null 2>&1 || fail "The Deployment front does not have all its pods yet."
echo "New pods are given nodes again."
