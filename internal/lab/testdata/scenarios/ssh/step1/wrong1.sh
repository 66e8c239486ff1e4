echo ready > /root/state
