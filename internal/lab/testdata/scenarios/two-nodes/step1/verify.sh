kubectl get nodes -l '!node-role.kubernetes.io/control-plane' -o jsonpath={.items[*].spec.taints[*].key} | grep -qw maintenance
