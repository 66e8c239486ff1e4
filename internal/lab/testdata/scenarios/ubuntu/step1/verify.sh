test -f /root/hello
