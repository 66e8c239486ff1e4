kubectl create ns three
