#!/bin/bash
# The client's own end.
set -e
echo "$(kubectl -n default get pod client -o jsonpath='{.status.podIP}'):40000" >/root/peer
