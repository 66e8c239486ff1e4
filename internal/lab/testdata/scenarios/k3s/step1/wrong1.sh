kubectl create secret generic robot
