ssh -o StrictHostKeyChecking=no root@node01 "echo steady > /root/state"
