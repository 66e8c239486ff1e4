#!/bin/bash
# Pods that are sent through admission and not stored show what the policy does.
fail() { echo "$*" >&2; exit 1; }
mounts='[.spec.containers[] | [.volumeMounts[]? | select(.name == "shared") | .mountPath] | sort]'
send() { # namespace, label
  kubectl -n "$1" create --dry-run=server -o json -f - <<JSON
{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "check-", "labels": {"preset": "$2"}}, "spec": {"containers": [
  {"name": "one", "image": "registry.k8s.io/e2e-test-images/agnhost:2.66.1"}, {"name": "two", "image": "registry.k8s.io/e2e-test-images/agnhost:2.66.1"}]}}
JSON
}

[ -n "$(kubectl get mutatingadmissionpolicies -o name)" ] || fail "There is no MutatingAdmissionPolicy."
[ -n "$(kubectl get mutatingadmissionpolicybindings -o name)" ] || fail "There is a policy, and no MutatingAdmissionPolicyBinding: nothing applies it."
for _ in $(seq 10); do # the API server takes a moment to notice policies
  pod=$(send workshop shared 2>&1)
  [ "$(jq -c "$mounts" <<<"$pod" 2>/dev/null)" = '[["/data","/mirror"],["/data","/mirror"]]' ] && break
  sleep 1
done
jq -e . <<<"$pod" >/dev/null 2>&1 || fail "A pod with the label preset=shared is refused: $pod"
[ "$(jq -c '[.spec.volumes[]? | select(.name == "shared") | .hostPath.path]' <<<"$pod")" = '["/srv/shared"]' ] ||
  fail "A pod with the label preset=shared in workshop gets no volume shared with the directory /srv/shared."
[ "$(jq -c "$mounts" <<<"$pod")" = '[["/data","/mirror"],["/data","/mirror"]]' ] || fail "Not every container of the pod gets the mounts /data and /mirror: $(jq -c "$mounts" <<<"$pod")"
for other in "workshop other" "default shared"; do
  read -r namespace label <<<"$other"
  pod=$(send "$namespace" "$label" 2>&1)
  jq -e . <<<"$pod" >/dev/null 2>&1 || fail "A pod with preset=$label in the namespace $namespace is refused: $pod"
  [ "$(jq -c '[.spec.volumes[]? | select(.name == "shared")]' <<<"$pod")" = '[]' ] || fail "A pod with preset=$label in the namespace $namespace is changed, too."
done
pod=$(kubectl -n workshop create --dry-run=server -o json -f - <<'JSON'
{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "check-"}, "spec": {"containers": [{"name": "one", "image": "registry.k8s.io/e2e-test-images/agnhost:2.66.1"}]}}
JSON
) || fail "A pod without labels is refused."
[ "$(jq -c '[.spec.volumes[]? | select(.name == "shared")]' <<<"$pod")" = '[]' ] || fail "A pod without labels is changed, too."
echo "Pods with the label get the volume and both mounts, and no other pods do."
