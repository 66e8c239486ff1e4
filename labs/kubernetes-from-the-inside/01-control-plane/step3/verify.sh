#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
get() { kubectl -n default get deployment web -o jsonpath="$1" 2>/dev/null; }

[ "$(get '{.spec.replicas}')" = 3 ] || fail "The Deployment web must ask for three pods."
[ "$(get '{.spec.template.metadata.labels.app}')" = web ] || fail "The Deployment's pod template must keep the label app=web."
pods=$(kubectl -n default get pods -l app=quarantine -o json)
count=$(jq '.items | length' <<<"$pods")
[ "$count" -ge 1 ] || fail "No pod has the label app=quarantine."
# A pod of the ReplicaSet has the name that the controller generated, and no owner any more.
jq -e '.items[] | select((.metadata.generateName // "") | startswith("web-"))' <<<"$pods" >/dev/null ||
  fail "The pod with app=quarantine was not made by web: relabel one that runs, and make no new one."
jq -e '[.items[] | select(.metadata.ownerReferences != null)] == []' <<<"$pods" >/dev/null ||
  fail "The pod with app=quarantine still has an owner. Look again in a moment."
[ "$count" = 1 ] || fail "$count pods have the label app=quarantine, and only one should."
[ "$(jq -r '.items[0].status.phase' <<<"$pods")" = Running ] || fail "The pod in quarantine does not run."
kubectl -n default rollout status deployment/web --timeout=20s >/dev/null 2>&1 || fail "web does not have three ready pods yet."
echo "One pod is in quarantine, and web is complete."
