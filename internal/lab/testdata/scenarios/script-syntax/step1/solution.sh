kubectl create namespace "x
