kubectl create namespace store
