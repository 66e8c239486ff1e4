kubectl create clusterrolebinding reader --clusterrole=cluster-admin --serviceaccount=default:reader
