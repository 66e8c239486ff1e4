#!/bin/bash
# The incident: the Service looks for pods of another release.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n shop rollout status deployment/front --timeout=120s
kubectl -n shop patch service back --type=merge -p '{"spec":{"selector":{"app":"back","release":"blue"}}}'
kubectl -n shop wait --for=jsonpath='{.spec.selector.release}'=blue service/back --timeout=10s
touch /var/tmp/incident-1
