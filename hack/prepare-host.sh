#!/usr/bin/env bash
# Prepares a bare Debian or Ubuntu machine for kindctl, as root: Docker, what an
# image build needs, and kernel limits for several clusters. It says each thing
# before doing it, and touches nothing that is in order.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
readonly source_dir
readonly root=${KINDCTL_HOST_ROOT:-} # in tests: where the host's files are
readonly log=$root/var/log/kindctl-dockerd.log
readonly daemon_json=$root/etc/docker/daemon.json
readonly shim=$root/usr/local/bin/capshim
readonly start_deadline=60 # seconds for Docker to answer

# A node with pods takes up to 50 inotify instances, and Linux allows 128.
readonly inotify_instances=1024
readonly inotify_watches=524288

say() { printf 'prepare-host: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
am_root() { [ "$(id -u)" -eq 0 ]; }
answers() { docker info >/dev/null 2>&1; }

fail() {
  say "$*" >&2
  exit 3
}

# act WHY COMMAND FUNCTION [ARGUMENT...] says why and calls the function. Who
# is not root gets the command to type instead.
pending=
act() {
  say "$1"
  if am_root; then
    "${@:3}"
  elif [[ $pending != *"$2"* ]]; then
    pending+="  sudo $2"$'\n'
  fi
}

missing_packages() {
  if ! answers; then
    have dockerd || echo docker.io iptables ca-certificates
    # Without its parser, Docker cannot start containers where AppArmor is on.
    grep -qs Y "$root/sys/module/apparmor/parameters/enabled" && ! have apparmor_parser && echo apparmor
    # Newer Debian has the command in a package of its own.
    have docker || ! apt-cache show docker-cli >/dev/null 2>&1 || echo docker-cli
  fi
  have apt-get || return 0 # images cannot be built here, only pulled
  if answers && ! am_root; then
    return 0 # nor by this user: building takes root
  fi
  have gcc || echo gcc libc6-dev
  have pkg-config || echo pkg-config
  pkg-config --exists libseccomp 2>/dev/null || echo libseccomp-dev
  [ -e "$root/usr/share/keyrings/debian-archive-keyring.gpg" ] || echo debian-archive-keyring
}

install_packages() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

prepare_packages() {
  local packages
  packages=$(missing_packages | xargs)
  [ -n "$packages" ] || return 0
  have apt-get || fail "this is neither Debian nor Ubuntu; install by hand: $packages"
  if am_root; then
    say "reading the lists of packages"
    apt-get update -qq </dev/null || say "warning: not every list could be read" >&2
    packages=$(missing_packages | xargs)
  fi
  # shellcheck disable=SC2086 # one word for each package
  act "installing what Docker and image builds need: $packages" "apt-get install --no-install-recommends $packages" \
    install_packages $packages
}

# docker_process prints the process of the daemon on this machine, if there is one.
docker_process() {
  local process
  process=$(cat "$root/run/docker.pid" 2>/dev/null) && [ -d "$root/proc/$process" ] && echo "$process"
}

# needs_shim succeeds if the containers of this machine's Docker cannot have
# every capability that the kernel knows: runc refuses a privileged one then. A
# daemon elsewhere is none of our business.
needs_shim() {
  local process=self bounding last
  if answers; then
    process=$(docker_process) || return 1
  fi
  bounding=$(awk '/^CapBnd:/ {print $2}' "$root/proc/$process/status")
  last=$(cat "$root/proc/sys/kernel/cap_last_cap")
  (((~0x$bounding & (1 << (last + 1)) - 1) != 0))
}

shim_is_default() {
  if answers; then
    [ "$(docker info --format '{{.DefaultRuntime}}')" = capshim ]
  else
    [ -x "$shim" ] && grep -qs '"default-runtime": *"capshim"' "$daemon_json"
  fi
}

install_shim() {
  mkdir -p "$(dirname "$shim")"
  (cd "$source_dir" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$shim.new" ./hack/capshim)
  mv "$shim.new" "$shim"
  (cd "$source_dir" && go run ./hack/capshim/configure "$daemon_json" "$shim") ||
    fail "$daemon_json is as it was, and containers would not start"
}

prepare_shim() {
  if needs_shim && ! shim_is_default; then
    act "this machine lacks a capability that privileged containers ask for: making $shim Docker's default runtime in $daemon_json (see hack/capshim)" \
      "env \"PATH=\$PATH\" $source_dir/hack/prepare-host.sh" install_shim
  fi
}

start_docker() {
  local starting=
  if docker_process >/dev/null; then
    say "waiting for the dockerd that is starting already"
  elif [ -d "$root/run/systemd/system" ]; then
    systemctl start docker || docker_failed
  else
    mkdir -p "$(dirname "$log")"
    setsid nohup dockerd </dev/null >>"$log" 2>&1 &
    starting=$!
  fi
  local waited=0
  until answers; do
    if ((waited++ >= start_deadline)); then
      docker_failed
    fi
    # It also ends when another dockerd was faster; that one has the pid file.
    if [ -n "$starting" ] && ! kill -0 "$starting" 2>/dev/null && ! docker_process >/dev/null; then
      docker_failed
    fi
    sleep 1
  done
}

docker_failed() {
  say "Docker does not answer; the end of its log:" >&2
  if [ -d "$root/run/systemd/system" ]; then
    journalctl -u docker -n 20 --no-pager >&2 || true
  else
    tail -n 20 "$log" >&2 || true
  fi
  exit 3
}

prepare_docker() {
  answers && return
  if ! am_root && [ -S "$root/run/docker.sock" ] && [ ! -w "$root/run/docker.sock" ]; then
    fail "you may not use Docker; run: sudo usermod -aG docker $(id -un), and log in again"
  fi
  local command="systemctl start docker" how="with systemd"
  if [ ! -d "$root/run/systemd/system" ]; then
    command="env \"PATH=\$PATH\" $source_dir/hack/prepare-host.sh" how="in the background; its log is $log"
  fi
  act "starting Docker $how" "$command" start_docker
}

# reload_docker makes a daemon that was running before read its settings again.
reload_docker() {
  kill -HUP "$(docker_process)"
  for ((waited = 0; waited < start_deadline; waited++)); do
    shim_is_default && return
    sleep 1
  done
  fail "Docker did not take its new default runtime; restart it, and look for a flag --default-runtime or --config-file that wins over $daemon_json"
}

prepare_runtime() {
  if am_root && needs_shim && ! shim_is_default; then
    say "telling the running Docker to read $daemon_json again; containers go on"
    reload_docker
  fi
}

raise_limit() {
  local file=$root/proc/sys/fs/inotify/$1 wanted=$2 now
  now=$(cat "$file" 2>/dev/null) || return 0
  ((now >= wanted)) && return
  if ! am_root || ! { echo "$wanted" >"$file"; } 2>/dev/null; then
    say "warning: fs.inotify.$1 is $now; several clusters need more: sudo sysctl -w fs.inotify.$1=$wanted" >&2
    return
  fi
  say "raised fs.inotify.$1 from $now to $wanted, for several clusters at once"
}

have go || fail "Go is not installed; kindctl is built with $(awk '/^go / {print $2}' "$source_dir/go.mod") or newer: https://go.dev/dl"
prepare_packages
prepare_shim
prepare_docker
prepare_runtime
raise_limit max_user_instances "$inotify_instances"
raise_limit max_user_watches "$inotify_watches"
if [ -n "$pending" ]; then
  fail "this needs root; run"$'\n'"$pending"
fi
say "ready: Docker $(docker version --format '{{.Server.Version}}') answers"
