kubectl create configmap prepared
