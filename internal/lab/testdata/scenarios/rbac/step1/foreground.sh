kubectl create serviceaccount reader
