kubectl label node --all disk=ssd
