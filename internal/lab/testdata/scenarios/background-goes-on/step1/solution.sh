kubectl create namespace quiet
