kubectl create configmap "$(ssh node01 cat /etc/motd)"
