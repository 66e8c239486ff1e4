#!/bin/bash
# The incident: a policy closes the shop, against its own front as well.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n shop apply -f - <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: closed
  annotations: {owner: security}
spec:
  podSelector: {}
  policyTypes: [Ingress]
YAML
touch /var/tmp/incident-3
