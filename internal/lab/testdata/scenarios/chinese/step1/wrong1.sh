kubectl label node --all disk=hdd
