#!/bin/bash
# A table of that name, which kube-proxy does not know of.
set -e
nft add table ip kube-proxy
nft add map ip kube-proxy service-ips '{ type ipv4_addr . inet_proto . inet_service : verdict ; }'
