#!/bin/bash
# The process stands still, and has not ended.
set -e
kill -STOP "$(crictl inspect "$(crictl ps --name ashes -q)" | jq .info.pid)"
