#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
kubectl -n default get pod twin >/dev/null 2>&1 || fail "There is no pod twin in the namespace default."
kubectl -n default wait --for=condition=Ready pod/twin --timeout=20s >/dev/null 2>&1 || fail "The pod twin is not ready."
pod=$(kubectl -n default get pod twin -o json)
volumes=$(jq -c '[.spec.volumes[] | select(.hostPath != null)]' <<<"$pod")
[ "$(jq length <<<"$volumes")" -le 1 ] || fail "The pod has several volumes of the host. One is enough for two mounts."
[ "$(jq -r '.[0].hostPath.path // "" | rtrimstr("/")' <<<"$volumes")" = /srv/shared ] || fail "The pod has no volume that is the directory /srv/shared of the host."
name=$(jq -r '.[0].name' <<<"$volumes")
for path in /data /mirror; do
  jq -e --arg p "$path" --arg n "$name" '.spec.containers[0].volumeMounts[] | select((.mountPath | rtrimstr("/")) == $p and .name == $n and (.subPath // "") == "")' <<<"$pod" >/dev/null ||
    fail "The volume $name is not mounted at $path."
done
word=check-$RANDOM$RANDOM
kubectl -n default exec twin -- sh -c "echo $word >/data/.check && cat /mirror/.check" 2>/dev/null | grep -qx "$word" || fail "What is written below /data cannot be read below /mirror."
grep -qx "$word" /srv/shared/.check 2>/dev/null || fail "What the pod writes does not arrive in /srv/shared of this machine."
rm -f /srv/shared/.check
echo "One directory, two paths."
