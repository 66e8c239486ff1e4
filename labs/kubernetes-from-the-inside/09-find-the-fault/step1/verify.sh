#!/bin/bash
fail() { echo "$*" >&2; exit 1; }
[ -e /var/tmp/incident-1 ] || fail "The incident has not begun yet. Check again in a moment."
for tier in front back; do
  [ "$(kubectl -n shop get deployment "$tier" -o jsonpath='{.spec.template.metadata.labels}')" = "{\"app\":\"$tier\"}" ] || fail "The labels of the Deployment $tier's pods were changed."
  kubectl -n shop get pods -l "app=$tier" -o json | jq -e '[.items[] | .metadata.labels | has("release")] | any' >/dev/null &&
    fail "Labels of pods of $tier were changed. The next pod will not have them."
done
pods=$(kubectl -n shop get pods -l app=back -o jsonpath='{.items[*].metadata.name}')
for front in $(kubectl -n shop get pods -l app=front -o name); do
  answer=$(kubectl -n shop exec "$front" -- curl -s --max-time 5 --retry 5 --retry-all-errors --retry-delay 1 http://back/hostname 2>/dev/null) ||
    fail "$front gets no answer from http://back."
  grep -qw -- "$answer" <<<"$pods" || fail "$front gets an answer from http://back, but not from a pod of back: $answer"
done
ready=$(kubectl -n shop get endpointslices -l kubernetes.io/service-name=back -o json | jq '[.items[].endpoints[]?] | length')
[ "$ready" -ge 2 ] || fail "Only $ready of two pods stand behind the Service back."
echo "The stock is back."
