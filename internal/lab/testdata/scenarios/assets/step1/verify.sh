kubectl get configmap from-asset && kubectl get configmap from-script
