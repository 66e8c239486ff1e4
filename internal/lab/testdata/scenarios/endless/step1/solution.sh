kubectl create namespace late
