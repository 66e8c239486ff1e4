helm repo add stable https://charts.example.com/stable
helm install db stable/db
