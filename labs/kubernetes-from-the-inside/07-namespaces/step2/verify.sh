#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
may() { [ "$(kubectl auth can-i "$@" --as=alice 2>/dev/null)" = yes ]; }

for resource in pods services configmaps deployments.apps; do
  may list "$resource" -n blue || fail "alice may not list $resource in blue."
done
may get secrets -n blue && fail "alice may read secrets in blue: the ClusterRole view does not allow that."
for verb in create delete patch; do
  may "$verb" pods -n blue && fail "alice may $verb pods in blue, and should only look."
done
may list pods -n green && fail "alice may list pods in green."
may list pods -n default && fail "alice may list pods in default."
may list nodes && fail "alice may list nodes."
kubectl -n blue get rolebindings -o json |
  jq -e '.items[] | select(.roleRef.kind == "ClusterRole" and .roleRef.name == "view") | select(any(.subjects[]?; .kind == "User" and .name == "alice"))' >/dev/null ||
  fail "No RoleBinding in blue joins the ClusterRole view to the user alice."
echo "alice looks at blue, and at nothing else."
