can() { kubectl auth can-i "$@" --as system:serviceaccount:default:reader >/dev/null; }
can list pods && ! can delete pods && ! can list secrets
