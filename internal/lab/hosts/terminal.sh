#!/bin/bash
# A shell, or a command, on the terminal that sshd.sh has made.

stty rows "$2" cols "$3"
command=$(base64 -d <<<"$4")
if [[ $command ]]; then
  bash -c "$command"
else
  bash -l
fi
echo $? >"/run/kindctl-lab-ssh/$1.code"
