! kubectl get configmap surplus 2>/dev/null && kubectl get configmap prepared
