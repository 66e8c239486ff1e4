kubectl get ns two
