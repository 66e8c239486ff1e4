kubectl get configmap "$(ssh node01 cat /etc/motd)"
