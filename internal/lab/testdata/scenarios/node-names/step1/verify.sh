kubectl get node/node01 -o jsonpath={.spec.taints[*].key} | grep -qw a
