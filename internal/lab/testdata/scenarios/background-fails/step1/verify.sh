kubectl get namespace a
