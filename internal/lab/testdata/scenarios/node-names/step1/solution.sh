kubectl taint node node01 a=b:NoSchedule
