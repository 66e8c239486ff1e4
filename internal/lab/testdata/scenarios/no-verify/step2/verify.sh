kubectl get ns seen
