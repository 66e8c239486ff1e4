#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
configured=$(kubectl -n kube-system get configmap kube-proxy -o jsonpath='{.data.config\.conf}' | sed -n 's/^mode: *//p' | tr -d '"')
mode=$(curl -s --max-time 5 --retry 5 --retry-all-errors --retry-delay 1 127.0.0.1:10249/proxyMode)
[ "$configured" = nftables ] || fail "kube-proxy's ConfigMap says mode: ${configured:-nothing}."
[ "$mode" = nftables ] || fail "The kube-proxy that runs is in mode ${mode:-unknown}: it has read its configuration before your change."
address=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}')
for _ in 1 2 3 4 5 6 7 8 9 10; do
  nft list map ip kube-proxy service-ips 2>/dev/null | grep -q "$address " && break
  sleep 1 # kube-proxy writes its rules a moment after it says its mode
done
nft list map ip kube-proxy service-ips 2>/dev/null | grep -q "$address " || fail "nftables has no entry for the Service shop."
curl -s --max-time 5 --retry 3 --retry-all-errors --retry-delay 1 "http://$address/hostname" >/dev/null || fail "The Service shop does not answer."
echo "kube-proxy is in mode nftables, and the Service shop answers."
