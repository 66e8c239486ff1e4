test "$(kubectl get nodes -l disk=ssd -o name | wc -l)" = 1
