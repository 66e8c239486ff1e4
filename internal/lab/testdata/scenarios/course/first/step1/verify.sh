kubectl get ns one
