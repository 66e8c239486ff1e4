#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
address() { kubectl -n default get pod "$1" -o jsonpath='{.status.podIP}' 2>/dev/null; }
said() { kubectl -n default get configmap way -o jsonpath="{.data.$1}" 2>/dev/null | tr -d ' \n'; }

east=$(address east) west=$(address west)
{ [ -n "$east" ] && [ -n "$west" ]; } || fail "The pods east and west do not both run."
kubectl -n default get configmap way >/dev/null 2>&1 || fail "There is no ConfigMap way in the namespace default."
device=$(ip -j route get "$east" | jq -r '.[0].dev')
gateway=$(ip -j route get "$west" | jq -r '.[0].gateway')
[ -n "$(said device)" ] || fail "The ConfigMap way has no key device."
[ "$(said device)" = "$device" ] || fail "device: packets for east ($east) do not go through $(said device)."
[ -n "$(said gateway)" ] || fail "The ConfigMap way has no key gateway."
[ "$(said gateway)" = "$gateway" ] || fail "gateway: packets for west ($west) are not handed to $(said gateway)."
echo "To east through $device, to west by way of $gateway."
