kubectl taint node -l '!node-role.kubernetes.io/control-plane' maintenance=true:NoSchedule
