kubectl create configmap surplus --from-literal=a=b
