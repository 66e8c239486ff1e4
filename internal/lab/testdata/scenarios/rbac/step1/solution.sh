kubectl create role reader --verb=list --resource=pods
kubectl create rolebinding reader --role=reader --serviceaccount=default:reader
