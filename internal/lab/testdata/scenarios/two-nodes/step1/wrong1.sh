kubectl taint node controlplane maintenance=true:NoSchedule
