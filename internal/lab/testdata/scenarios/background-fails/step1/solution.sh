kubectl create namespace a
