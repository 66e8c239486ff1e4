ssh node01 systemctl stop kubelet
touch /tmp/finished
