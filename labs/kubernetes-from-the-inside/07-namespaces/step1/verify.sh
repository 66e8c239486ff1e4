#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
wanted="pods services namespaces nodes events persistentvolumes persistentvolumeclaims storageclasses roles rolebindings clusterroles clusterrolebindings serviceaccounts networkpolicies ingressclasses"
kubectl -n default get configmap table >/dev/null 2>&1 || fail "There is no ConfigMap table in the namespace default."
table=$(kubectl -n default get configmap table -o json | jq -r '.data // {} | to_entries[] | "\(.key) \(.value | gsub("\\s"; "") | ascii_downcase)"')
inside=$(kubectl api-resources --namespaced=true --no-headers -o name | cut -d. -f1)
wrong=0
for resource in $wanted; do
  said=$(awk -v r="$resource" '$1 == r {print $2}' <<<"$table")
  is=no
  grep -qx "$resource" <<<"$inside" && is=yes
  case $said in
  "$is") ;;
  "") echo "$resource: missing" >&2; wrong=$((wrong + 1)) ;;
  yes | no) wrong=$((wrong + 1)) ;;
  *) echo "$resource: $said is neither yes nor no" >&2; wrong=$((wrong + 1)) ;;
  esac
done
[ "$wrong" = 0 ] || fail "$wrong of 15 entries of the table are wrong or missing."
echo "The table is correct. RBAC has both: roles and rolebindings have a namespace, clusterroles and clusterrolebindings have none."
