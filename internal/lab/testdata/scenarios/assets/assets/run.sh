#!/bin/bash
kubectl create configmap from-script
