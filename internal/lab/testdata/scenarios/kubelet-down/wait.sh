echo Preparing the cluster.
while [ ! -f /tmp/finished ]; do sleep 0.2; done
echo Ready.
