#!/bin/bash
# No rules of an earlier attempt.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
iptables-save -t mangle | grep -v -e KUBE -e cali | sed -n 's/^-A /-D /p' | while read -r rule; do
  eval "iptables -t mangle $rule"
done
