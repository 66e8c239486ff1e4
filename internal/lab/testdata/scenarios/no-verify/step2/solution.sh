kubectl create ns seen
