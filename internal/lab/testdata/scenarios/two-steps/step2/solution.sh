kubectl patch configmap color --patch '{"data":{"sky":"grey"}}'
