#!/bin/bash
# The incident: the scheduler looks for its kubeconfig in the wrong place.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
manifest=/etc/kubernetes/manifests/kube-scheduler.yaml
scheduler() { crictl ps --name kube-scheduler -q; }
before=$(scheduler)
sed -i 's|--kubeconfig=/etc/kubernetes/scheduler.conf|--kubeconfig=/etc/kubernetes/sheduler.conf|' "$manifest"
for _ in $(seq 60); do
  [ -z "$before" ] || scheduler | grep -qF "$before" || break
  sleep 1 # until the kubelet has seen the change and ended the old scheduler
done
kubectl -n shop scale deployment front --replicas=4
touch /var/tmp/incident-4
