if kubectl get namespace x; then
  echo yes
