until kubectl get configmap surplus; do sleep 0.2; done
kubectl delete configmap surplus
