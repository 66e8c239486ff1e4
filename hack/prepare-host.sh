#!/usr/bin/env bash
# Prepares a bare Debian or Ubuntu machine for kindctl: Docker, what an image
# build needs, and kernel limits for several clusters. It says each thing that
# it does, and touches nothing that is in order.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
readonly source_dir
readonly log=${KINDCTL_DOCKER_LOG:-/var/log/kindctl-dockerd.log}
readonly daemon_json=${KINDCTL_DAEMON_JSON:-/etc/docker/daemon.json}
readonly shim=${KINDCTL_SHIM:-/usr/local/bin/capshim}
readonly start_deadline=60 # seconds for dockerd to answer

# A node with pods takes up to 50 inotify instances, and Linux allows 128.
readonly inotify_instances=1024
readonly inotify_watches=524288

# CAP_SYS_RESOURCE, by its number in linux/capability.h: the one capability
# that restricted machines are known to lack and privileged containers ask for.
readonly sys_resource=24

say() { printf 'prepare-host: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# need_root ends the script with what root would have to do.
need_root() {
  [ "$(id -u)" -eq 0 ] && return
  say "this needs root: $1" >&2
  say "run: sudo $0" >&2
  exit 3
}

missing_packages() {
  have dockerd || docker info >/dev/null 2>&1 || echo docker.io iptables
  have gcc || echo gcc libc6-dev
  have pkg-config || echo pkg-config
  pkg-config --exists libseccomp 2>/dev/null || echo libseccomp-dev
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
}

install_packages() {
  local packages
  packages=$(missing_packages | xargs)
  [ -z "$packages" ] && return
  need_root "apt-get install $packages"
  if ! have apt-get; then
    say "this is neither Debian nor Ubuntu; install by hand: $packages" >&2
    exit 3
  fi
  say "installing $packages"
  apt-get update -qq
  # shellcheck disable=SC2086 # one word for each package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

# lacks_capability tells whether no process on this machine can have CAP_SYS_RESOURCE.
lacks_capability() {
  local bounding
  bounding=$(awk '/^CapBnd:/ {print $2}' /proc/self/status)
  (((0x$bounding >> sys_resource & 1) == 0))
}

# install_shim puts an OCI runtime in front of runc that asks for no more
# capabilities than the machine has. Other settings of Docker stay.
install_shim() {
  lacks_capability || return 0
  if [ -x "$shim" ] && grep -qs '"default-runtime": *"capshim"' "$daemon_json"; then
    return
  fi
  need_root "set up the runtime shim, because this machine lacks CAP_SYS_RESOURCE"
  say "this machine lacks CAP_SYS_RESOURCE: installing $shim as Docker's default runtime (see hack/capshim)"
  (cd "$source_dir" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$shim.new" ./hack/capshim)
  mv "$shim.new" "$shim"
  (cd "$source_dir" && go run ./hack/capshim/configure "$daemon_json" "$shim")
  if docker info >/dev/null 2>&1; then
    say "telling the running Docker to read its settings again"
    pkill -HUP -x dockerd
  fi
}

start_docker() {
  docker info >/dev/null 2>&1 && return
  need_root "start Docker"
  if [ -d /run/systemd/system ]; then
    say "starting Docker with systemd"
    systemctl start docker
  else
    say "starting dockerd in the background; its log is $log"
    setsid nohup dockerd >>"$log" 2>&1 </dev/null &
  fi
  local waited=0
  until docker info >/dev/null 2>&1; do
    if ((waited++ >= start_deadline)); then
      say "Docker does not answer after $start_deadline s; the end of its log:" >&2
      tail -n 20 "$log" >&2 || true
      exit 3
    fi
    sleep 1
  done
}

raise_limit() {
  local name=$1 wanted=$2 now
  now=$(sysctl -n "$name" 2>/dev/null || echo "$wanted")
  ((now >= wanted)) && return
  if [ "$(id -u)" -ne 0 ]; then
    say "warning: $name is $now; several clusters need more: sudo sysctl $name=$wanted" >&2
    return
  fi
  say "raising $name from $now to $wanted, for several clusters at once"
  sysctl -q -w "$name=$wanted"
}

if ! have go; then
  say "Go is not installed; kindctl is built with $(awk '/^go / {print $2}' "$source_dir/go.mod") or newer: https://go.dev/dl" >&2
  exit 3
fi
install_packages
install_shim
start_docker
raise_limit fs.inotify.max_user_instances "$inotify_instances"
raise_limit fs.inotify.max_user_watches "$inotify_watches"
say "ready: Docker $(docker version --format '{{.Server.Version}}') answers"
