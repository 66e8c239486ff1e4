kubectl taint node node01 maintenance=true:NoSchedule
