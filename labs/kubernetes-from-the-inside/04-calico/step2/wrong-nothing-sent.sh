#!/bin/bash
# The trap is set, and no packet has passed.
set -e
east=$(kubectl -n default get pod east -o jsonpath='{.status.podIP}')
west=$(kubectl -n default get pod west -o jsonpath='{.status.podIP}')
iptables -t mangle -A FORWARD -s "$east" -d "$west"
