blkid /root/disk
