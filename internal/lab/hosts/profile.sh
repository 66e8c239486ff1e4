export KUBECONFIG=/etc/kubernetes/admin.conf
[ -f "$KUBECONFIG" ] || unset KUBECONFIG
PS1="$(cat /etc/kindctl-lab/host):\w\$ "
