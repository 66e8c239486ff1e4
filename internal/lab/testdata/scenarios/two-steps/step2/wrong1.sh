kubectl delete configmap color
