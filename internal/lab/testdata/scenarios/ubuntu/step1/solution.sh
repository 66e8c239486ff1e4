touch /root/hello
