#!/bin/bash
# Without the policy all is well, says everyone but the security team.
set -e
kubectl -n shop delete networkpolicy closed
