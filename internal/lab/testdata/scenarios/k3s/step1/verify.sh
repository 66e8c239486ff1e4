kubectl get serviceaccount robot
