kubectl -n kube-public create configmap color --from-literal=sky=blue
