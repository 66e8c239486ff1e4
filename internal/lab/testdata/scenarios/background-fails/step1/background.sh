echo begun
kubectl get namespace missing
