kubectl create configmap shop
