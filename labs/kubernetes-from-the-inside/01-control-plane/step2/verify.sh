#!/bin/bash
# A snapshot is a database, whose size is a multiple of 512 bytes, and the SHA-256 of it behind it.
fail() { echo "$*" >&2; exit 1; }
file=/var/lib/etcd/backup.db

kubectl -n default get secret safe-word >/dev/null 2>&1 || fail "There is no Secret safe-word in the namespace default."
[ -s "$file" ] || fail "There is no $file, or it is empty."
[ $(($(stat -c %s "$file") % 512)) -eq 32 ] || fail "$file is no snapshot: it does not end with a checksum."
said=$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')
is=$(head -c -32 "$file" | sha256sum | cut -d' ' -f1)
[ "$said" = "$is" ] || fail "$file is damaged: its checksum is wrong."
grep -aq /registry/secrets/default/safe-word "$file" || fail "$file does not contain the Secret safe-word: the snapshot is older than the secret."
echo "The snapshot is complete and contains the secret."
