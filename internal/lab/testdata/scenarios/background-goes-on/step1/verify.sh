kubectl get namespace quiet
