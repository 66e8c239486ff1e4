#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
[ -s /root/peer ] || fail "There is no file /root/peer, or it is empty."
said=$(tr -d ' \t\r\n' </root/peer)
service=$(kubectl -n default get service shop -o jsonpath='{.spec.clusterIP}')
case $said in
"$service"*) fail "$said is the address of the Service, which the socket is not connected to." ;;
*:*) ;;
*) fail "/root/peer must have an address, a colon and a port, and says $said." ;;
esac
kubectl -n default get endpointslices -l kubernetes.io/service-name=shop \
  -o jsonpath='{range .items[*]}{range .endpoints[*]}{.addresses[0]}{"\n"}{end}{end}' | sed 's/$/:8080/' | grep -qxF -- "$said" ||
  fail "$said is not the address of a pod of shop with the port on which it listens."
echo "The socket is connected to $said, and not to $service:80."
