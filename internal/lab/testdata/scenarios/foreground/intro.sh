until kubectl get configmap prepared 2>/dev/null; do sleep 0.2; done
