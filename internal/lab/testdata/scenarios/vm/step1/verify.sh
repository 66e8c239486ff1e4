lsmod | grep -q ip_vs
