#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
address=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}' 2>/dev/null)
[ -n "$address" ] || fail "There is no Service shop any more."
chain=$(iptables-save -t nat | grep -- "^-A KUBE-SERVICES -d $address/32 " | grep -o -- '-j KUBE-SVC-[A-Z0-9]*' | cut -d' ' -f2)
[ -n "$chain" ] || fail "iptables has no rule for the Service shop: is kube-proxy in mode iptables, and has the Service pods?"
rules=$(iptables-save -t nat | grep -c -- "^-A $chain .*-j KUBE-SEP-")
[ "$rules" = 5 ] || fail "The chain of the Service leads to $rules pods, and should lead to five."
[ -s /root/chain ] || fail "There is no file /root/chain, or it is empty."
said=$(tr -d ' \t\r\n' </root/chain)
case $said in
"$chain") echo "$chain it is, with one rule for each of five pods." ;;
KUBE-SEP-*) fail "$said is the chain of one pod, not that of the Service." ;;
KUBE-SVC-*) fail "$said is the chain of another Service." ;;
*) fail "/root/chain does not name the chain of the Service shop: $said" ;;
esac
