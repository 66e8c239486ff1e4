kubectl apply --namespace shop --filename - <<END
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
END
