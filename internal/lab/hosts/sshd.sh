#!/bin/bash
# One connection of ssh.sh, on the standard input and output. Who has the key of the lab is root here.

state=/run/kindctl-lab-ssh
mkdir -p -m 700 "$state"
IFS= read -r -t 10 given || exit 1
[[ $given == "$(</etc/kindctl-lab/key)" ]] || exit 1
IFS= read -r mode
IFS= read -r id
[[ $id =~ ^[0-9-]+$ ]] || exit 1
export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
[[ -f /etc/kubernetes/admin.conf ]] && export KUBECONFIG=/etc/kubernetes/admin.conf
cd /root || exit 1

case $mode in
  run)
    IFS= read -r command
    command=$(base64 -d <<<"$command")
    setsid --wait bash -c "$command" < <(sed --unbuffered '/^\.$/Q' | base64 -d 2>/dev/null) 2>"$state/$id.errors"
    echo $? >"$state/$id.code"
    # What reads the rest of the input is in this process group, and the command is in another one.
    trap '' TERM
    kill -TERM 0
    ;;
  tty)
    IFS= read -r size
    IFS= read -r TERM
    IFS= read -r command
    export TERM
    exec socat - "EXEC:/usr/local/lib/kindctl-lab/terminal $id ${size% *} ${size#* } $command,pty,setsid,ctty,stderr,sane"
    ;;
  result)
    cat "$state/$id.code" "$state/$id.errors" 2>/dev/null
    rm -f "$state/$id.code" "$state/$id.errors"
    ;;
esac
