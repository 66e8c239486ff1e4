curl --silent --fail --max-time 5 http://controlplane:30080/hostname
