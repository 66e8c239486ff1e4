kubectl create configmap color --from-literal=sky=grey
