#!/bin/bash
set -e
kubectl -n village delete service bakery --ignore-not-found
kubectl -n village expose deployment baker --name=bakery --port=80 --target-port=8080
