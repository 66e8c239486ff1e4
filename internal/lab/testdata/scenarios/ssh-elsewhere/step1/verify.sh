kubectl get node node01
