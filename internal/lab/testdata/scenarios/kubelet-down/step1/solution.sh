ssh node01 systemctl start kubelet
