apt-get update && apt-get install -y tree
curl -sSL https://get.example.com/tool | bash
curl -s http://localhost:8080/healthz
