#!/bin/bash
# ssh between the hosts of a lab: a connection to the service kindctl-lab-ssh of the other one, which runs the command there as root.
# It takes what scripts of labs give to OpenSSH's client; keys, ports and settings have no effect.

key=/etc/kindctl-lab/key

fail() {
  echo "ssh: $*" >&2
  exit 255
}

terminal='' input=yes user=root
while [[ ${1-} == -* ]]; do
  case $1 in
    --) shift; break ;;
    -V) echo 'ssh of kindctl lab' >&2; exit 0 ;;
    -n) input='' ;;
    -t | -tt) terminal=yes ;;
    -l) user=${2-}; shift ;;
    -[fDLNORWw]*) fail "$1 does not work between the hosts of a lab" ;;
    -[BbcEeFIiJmopQS]) shift ;;
  esac
  shift
done
(($# > 0)) || fail 'no host is given'
host=$1
shift
command=$*
[[ $host == *@* ]] && user=${host%@*} host=${host##*@}
[[ $user == root ]] || fail "$user cannot log in: the hosts of a lab have root alone"
address=$(getent ahosts "$host" | awk 'NR == 1 {print $1}')
[[ $address ]] || fail "there is no host $host: the lab has $(awk '/# kindctl lab/ {printf "%s ", $2}' /etc/hosts)"
[[ $address == *:* ]] && address="[$address]"
[[ -r $key ]] || fail 'this host is not prepared: kindctl lab shell does it'

id=$BASHPID-$RANDOM$RANDOM
connect() { socat -t 0.1 "$1" "TCP:$address:22,connect-timeout=10"; }
header() { printf '%s\n' "$(<"$key")" "$@"; }

if [[ ! $command || $terminal ]]; then
  [[ -t 0 ]] || fail 'the terminal is missing: give a command, without -t'
  saved=$(stty -g)
  stty raw -echo
  connect -,ignoreeof < <(header tty "$id" "$(stty size)" "$TERM" "$(base64 -w 0 <<<"$command")"; exec cat)
  kill $! 2>/dev/null
  stty "$saved"
elif [[ $input && ! -t 0 ]]; then
  connect -,ignoreeof < <(header run "$id" "$(base64 -w 0 <<<"$command")"; base64; echo .)
  kill $! 2>/dev/null
else
  connect -,ignoreeof < <(header run "$id" "$(base64 -w 0 <<<"$command")" .)
fi

result=$(connect -,ignoreeof < <(header result "$id"))
[[ $result ]] || fail "$host closed the connection"
code=${result%%$'\n'*}
[[ $result == *$'\n'* ]] && printf '%s\n' "${result#*$'\n'}" >&2
exit "$code"
