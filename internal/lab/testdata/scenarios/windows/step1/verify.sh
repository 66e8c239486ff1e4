kubectl get namespace w
