kubectl create ns one
