kubectl get pods -o name > /root/names
