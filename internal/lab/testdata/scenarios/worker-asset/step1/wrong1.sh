kubectl create configmap hello
