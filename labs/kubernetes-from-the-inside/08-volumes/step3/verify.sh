#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
kubectl get namespace guarded >/dev/null 2>&1 || fail "There is no namespace guarded."
said=$(kubectl -n guarded create --dry-run=server -f - 2>&1 <<'JSON'
{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "check-"}, "spec": {"volumes": [{"name": "host", "hostPath": {"path": "/srv"}}],
  "containers": [{"name": "one", "image": "registry.k8s.io/e2e-test-images/agnhost:2.66.1",
    "securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 1000, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}}]}}
JSON
) && fail "The namespace guarded accepts a pod with a directory of the host."
grep -q PodSecurity <<<"$said" || fail "A pod with a directory of the host is refused, but not by Pod Security: $said"
kubectl -n guarded get persistentvolumeclaim shelf >/dev/null 2>&1 || fail "There is no PersistentVolumeClaim shelf in guarded."
kubectl -n guarded get pod safe >/dev/null 2>&1 || fail "There is no pod safe in guarded."
kubectl -n guarded wait --for=condition=Ready pod/safe --timeout=30s >/dev/null 2>&1 || fail "The pod safe is not ready: kubectl -n guarded describe pod safe"
[ "$(kubectl -n guarded get persistentvolumeclaim shelf -o jsonpath='{.status.phase}')" = Bound ] || fail "The claim shelf has no volume."
pod=$(kubectl -n guarded get pod safe -o json)
name=$(jq -r '[.spec.volumes[] | select(.persistentVolumeClaim.claimName == "shelf")][0].name // ""' <<<"$pod")
[ -n "$name" ] || fail "The pod safe does not use the claim shelf."
for path in /data /mirror; do
  jq -e --arg p "$path" --arg n "$name" '.spec.containers[0].volumeMounts[] | select(.mountPath == $p and .name == $n)' <<<"$pod" >/dev/null || fail "The claim is not mounted at $path."
done
word=check-$RANDOM$RANDOM
kubectl -n guarded exec safe -- sh -c "echo $word >/data/.check && cat /mirror/.check && rm /data/.check" 2>/dev/null | grep -qx "$word" || fail "What is written below /data cannot be read below /mirror."
echo "The namespace is guarded, and the pod has its storage."
