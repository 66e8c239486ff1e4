kubectl create service nodeport web --tcp=8080:8080 --node-port=30080
kubectl rollout status deployment/web --timeout=60s
