while true; do
  kubectl get namespace late
  sleep 1
done
