#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
client() { kubectl -n town exec client -- "$@" 2>/dev/null; }

kubectl -n kube-system rollout status deployment/coredns --timeout=20s >/dev/null 2>&1 || fail "CoreDNS is not ready: look at its logs."
bakery=$(kubectl -n village get service bakery -o jsonpath='{.spec.clusterIP}' 2>/dev/null)
[ -n "$bakery" ] || fail "The Service bakery in village is gone."
server=$(kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIP}')
# Ask the server itself, so that no file of hosts in a pod can answer.
answer=$(client dig +short +time=3 +tries=2 "@$server" bread.example.com A | tail -1)
[ "$answer" = "$bakery" ] || fail "CoreDNS answers \"$answer\" for bread.example.com, and not $bakery. (A change takes up to two minutes, or a restart.)"
kubernetes=$(kubectl -n default get service kubernetes -o jsonpath='{.spec.clusterIP}')
[ "$(client dig +short +time=3 "@$server" kubernetes.default.svc.cluster.local A)" = "$kubernetes" ] || fail "kubernetes.default.svc.cluster.local no longer has its address."
[ "$(client dig +short +time=3 "@$server" nowhere.village.svc.cluster.local A)" = "" ] || fail "Names that do not exist get an answer now."
client curl -s --max-time 5 http://bread.example.com/hostname | grep -q '^baker-' || fail "http://bread.example.com does not lead to a baker."
echo "bread.example.com leads to the bakery."
