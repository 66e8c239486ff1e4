dd if=/dev/zero of=/root/disk bs=1M count=10
mkfs.ext4 /root/disk
reboot
