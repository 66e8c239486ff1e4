crictl ps -o json | jq -r '.containers[].metadata.name' > /root/names
