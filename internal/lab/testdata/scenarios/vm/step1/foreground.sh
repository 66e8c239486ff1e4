modprobe ip_vs
sysctl -w vm.swappiness=10
sudo systemctl restart docker
