kubectl get ns three
