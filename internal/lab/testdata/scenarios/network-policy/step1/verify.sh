#!/bin/bash
policy=$(kubectl --namespace shop get networkpolicies --output json)
jq --exit-status '.items[] | select(.spec.podSelector == {} and .spec.policyTypes == ["Ingress"] and (.spec.ingress | not))' <<<"$policy" >/dev/null
