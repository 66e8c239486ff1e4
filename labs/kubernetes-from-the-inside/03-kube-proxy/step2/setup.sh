#!/bin/bash
# A Service whose selector matches no pod.
exec >>/var/log/lab-setup.log 2>&1 # the learner sees none of this
set -e
kubectl -n default delete service cart --ignore-not-found
kubectl -n default delete deployment cart --ignore-not-found --cascade=foreground
kubectl -n default create deployment cart --replicas=2 --image=registry.k8s.io/e2e-test-images/agnhost:2.66.1 --port=8080 -- /agnhost netexec
kubectl -n default apply -f - <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: cart}
spec:
  selector: {app: card}
  ports: [{port: 80, targetPort: 8080}]
YAML
kubectl -n default rollout status deployment/cart --timeout=90s
