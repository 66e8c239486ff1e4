until kubectl get configmap surplus; do sleep 0.2; done
kubectl patch configmap surplus --type merge --patch '{"data":null}'
