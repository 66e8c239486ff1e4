ssh node01 "echo ready > /root/state"
