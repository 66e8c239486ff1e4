grep -q kube-apiserver /root/names
