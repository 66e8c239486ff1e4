test "$(kubectl get configmap color -o jsonpath={.data.sky})" = grey
