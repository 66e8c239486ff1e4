#!/bin/bash
# INPUT is for packets to the node itself.
set -e
east=$(kubectl -n default get pod east -o jsonpath='{.status.podIP}')
west=$(kubectl -n default get pod west -o jsonpath='{.status.podIP}')
iptables -t mangle -A INPUT -s "$east" -d "$west"
kubectl -n default exec east -- curl -s --max-time 5 "http://$west:8080/hostname"
