#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
[ -e /var/tmp/incident-2 ] || fail "The incident has not begun yet. Check again in a moment."
[ "$(kubectl -n kube-system get deployment coredns -o jsonpath='{.spec.replicas}')" -ge 2 ] || fail "The Deployment coredns asks for fewer than two pods."
kubectl -n kube-system rollout status deployment/coredns --timeout=30s >/dev/null 2>&1 || fail "The pods of coredns are not ready."
kubectl -n shop exec deploy/front -- grep -qw back /etc/hosts 2>/dev/null && fail "The name back stands in a file of one container. All other pods still have no DNS."
for name in back.shop.svc.cluster.local kubernetes.default.svc.cluster.local; do
  kubectl -n shop exec deploy/front -- dig +short +time=3 +tries=2 "$name" 2>/dev/null | grep -q '^[0-9]' || fail "A pod of the shop finds no address for $name."
done
kubectl -n shop exec deploy/front -- curl -s --max-time 5 --retry 3 --retry-all-errors --retry-delay 1 http://back/hostname >/dev/null || fail "front gets no answer from http://back."
echo "Names are found again, by every pod."
