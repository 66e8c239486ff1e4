run.sh
kubectl apply --recursive --filename /root/manifests
