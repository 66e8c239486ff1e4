while true; do date >/root/last; sleep 1; done
