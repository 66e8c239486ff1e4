#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
client() { kubectl -n town exec client -- "$@" 2>/dev/null; }

kubectl -n town get pod client >/dev/null 2>&1 || fail "The pod client in town is gone."
kubectl -n village get service bakery >/dev/null 2>&1 || fail "There is no Service bakery in the namespace village."
address=$(client dig +search +short bakery.village | tail -1)
[ -n "$address" ] || fail "The client finds no address for bakery.village."
answer=$(client curl -s --max-time 5 --retry 3 --retry-all-errors --retry-delay 1 http://bakery.village/hostname) ||
  fail "bakery.village is $address, and http://bakery.village does not answer: look at the ports and at the selector."
case $answer in
"") fail "bakery.village is $address, and http://bakery.village has nothing to say: look at the ports and at the selector." ;;
baker-*) echo "bakery.village is $address, and $answer answers." ;;
*) fail "http://bakery.village does not lead to a baker, but to $answer." ;;
esac
