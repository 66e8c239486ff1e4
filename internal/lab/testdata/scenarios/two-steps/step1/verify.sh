#!/bin/bash
set -e
test "$(kubectl get configmap color -o jsonpath={.data.sky})" = blue
