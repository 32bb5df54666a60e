#!/bin/bash
# down.sh : stops the hosts that up.sh started with all their guests, and removes their state; the guest's images stay.
set -uo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
[[ -d $LIBVIRT_STATE ]] || exit 0
say "stopping the libvirt hosts in $LIBVIRT_STATE"

# ours_of NAMESPACE: whoever lives in a host's mount namespace was started by it: emulators, dnsmasq, helpers. Nobody else does.
ours_of() {
  local process
  for process in /proc/[0-9]*; do
    if [[ $(readlink "$process/ns/mnt" 2>/dev/null) == "$1" ]]; then echo "${process#/proc/}"; fi
  done
}

for number in $(host_numbers); do
  folder=$(host_folder "$number")
  stop_daemon "host$number-libvirtd" KILL
  namespace=$(cat "$folder/namespace" 2>/dev/null)
  if [[ -n $namespace ]]; then
    for pid in $(ours_of "$namespace"); do
      # virtlogd last: it holds the namespace, so that its number is given to no other
      [[ $pid == "$(daemon_pid "host$number-virtlogd")" ]] || kill -s KILL "$pid" 2>/dev/null
    done
  fi
  stop_daemon "host$number-virtlogd" TERM 2
done
rm -rf "${LIBVIRT_STATE:?}"/{host[0-9]*,guests,doors,pid,log,lock,env,env.new,remote.env,remote.env.new,guarded.env}
rmdir --ignore-fail-on-non-empty "$LIBVIRT_STATE"
