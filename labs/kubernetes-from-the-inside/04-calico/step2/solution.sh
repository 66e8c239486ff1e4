#!/bin/bash
set -e
east=$(kubectl -n default get pod east -o jsonpath='{.status.podIP}')
west=$(kubectl -n default get pod west -o jsonpath='{.status.podIP}')
iptables -t mangle -A FORWARD -s "$east" -d "$west"
kubectl -n default exec east -- curl -s --max-time 5 "http://$west:8080/hostname"
