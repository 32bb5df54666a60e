#!/bin/bash
# up.sh [N] : N private libvirt hosts (default 1) on this machine, a second each. Stop them with down.sh.
# Each has a libvirtd, a name, a host uuid, configuration, state and storage pools of its own, in mount, network and UTS namespaces of its
# own: the machine's libvirt, if it has one, is not touched. Guests run emulated (TCG), 215 MB each. Prints the URIs on standard output;
# $LIBVIRT_STATE/env is for `source`.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
count=${1:-1}
[[ $count =~ ^[1-9]$ ]] || die "the number of hosts is '$count', expected 1 to 9" "Usage: eng/libvirt/up.sh [N]"

main() {
  local number
  "$HEAL_LIBVIRT/install.sh" >&2
  mkdir -p "$PIDS" "$LOGS" "$GUESTS" /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
  # a socket's path has 107 characters at the most
  ((${#GUESTS} <= 80)) || die "the path of LIBVIRT_STATE is too long: $LIBVIRT_STATE" \
    "Sockets in it could not be opened. Choose a shorter one."
  exec 9>"$LIBVIRT_STATE/lock"
  flock -w 120 9 || die "another eng/libvirt/up.sh has held $LIBVIRT_STATE/lock for two minutes"
  trap undo_start EXIT
  for number in $(seq "$count"); do start_host "$number"; done
  write_env
  trap - EXIT
  for number in $(seq "$count"); do host_uri "$number"; done
}

start_host() {
  local number=$1 folder
  folder=$(host_folder "$number")
  if is_running "host$number-libvirtd" && answers "$number"; then say "libvirt host $number runs already" >&2 && return; fi
  if ! is_running "host$number-virtlogd"; then
    configure "$number"
    open_host "$number" --net
  fi
  start_libvirtd "$number"
  make_pools "$number"
  say "libvirt host $number answers" >&2
}

start_libvirtd() {
  "$HEAL_LIBVIRT/fail.sh" restart-daemon "$1" >&2
  # it was not started by this shell: undoing needs its name all the same
  STARTED+=("host$1-libvirtd")
}

# default is for everything; small (a tmpfs of $SMALL_POOL) is there to be filled.
make_pools() {
  local pool
  for pool in default small; do
    virsh_on "$1" pool-info "$pool" >/dev/null 2>&1 ||
      virsh_on "$1" pool-define-as "$pool" dir --target "$(host_folder "$1")/pools/$pool" >/dev/null
    [[ $(virsh_on "$1" pool-info "$pool" | sed -n 's/^State: *//p') == running ]] || virsh_on "$1" pool-start "$pool" >/dev/null
  done
}

write_env() {
  {
    echo "# Written by eng/libvirt/up.sh. Use: source $LIBVIRT_STATE/env"
    echo "export HEAL_TEST_LIBVIRT_URI='$(host_uri 1)'"
    if ((count > 1)); then echo "export HEAL_TEST_LIBVIRT_URI2='$(host_uri 2)'"; fi
    echo "export HEAL_TEST_LIBVIRT_IMAGES='$IMAGES'"
    echo "export HEAL_TEST_LIBVIRT_GUESTS='$GUESTS'"
    echo "export HEAL_TEST_LIBVIRT_SCRIPTS='$HEAL_LIBVIRT'"
    echo "export LIBVIRT_HOME='$LIBVIRT_HOME'"
    echo "export LIBVIRT_STATE='$LIBVIRT_STATE'"
  } >"$LIBVIRT_STATE/env.new"
  mv "$LIBVIRT_STATE/env.new" "$LIBVIRT_STATE/env"
}

main
