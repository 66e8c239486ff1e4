#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
east=$(kubectl -n default get pod east -o jsonpath='{.status.podIP}')
west=$(kubectl -n default get pod west -o jsonpath='{.status.podIP}')

rules=$(iptables-save -c -t mangle | grep -v -e KUBE -e cali | grep -- ' -A ')
[ -n "$rules" ] || fail "The table mangle has no rule of yours."
grep -q -- " -A FORWARD .*-s $east/32 " <<<"$rules " || fail "The chain FORWARD of the table mangle has no rule for packets from east ($east). Yours: ${rules##*] }"
trap=$(grep -- " -A FORWARD .*-s $east/32 " <<<"$rules " | grep -- "-d $west/32 " | head -1)
[ -n "$trap" ] || fail "The rule must match packets to west ($west) alone. Yours: ${rules##*] }"
grep -q -- ' -j ' <<<"$trap" && fail "The rule has a target (-j). It should only count."
packets=$(sed 's/^\[\([0-9]*\):.*/\1/' <<<"$trap")
[ "$packets" -gt 0 ] || fail "The rule has counted no packet yet: send something from east to west."
echo "The rule has counted $packets packets from east to west."
