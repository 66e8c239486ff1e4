kubectl create ns two
