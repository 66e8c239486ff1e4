ssh node01 systemctl is-active --quiet kubelet
