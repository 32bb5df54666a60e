#!/bin/bash
# node-down.sh N [--keep] : kills the node's daemons and containers, as a power failure would (NotReady after about 21 s).
# Without --keep it also removes the node's state, network and Node object.
set -uo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
number=${1:?usage: node-down.sh N [--keep]}
name=node$number
home=$RUN/$name

kill_group() { xargs -r kill -s KILL 2>/dev/null <"$1/cgroup.procs"; }
# shellcheck disable=SC2317 # called through wait_until
group_is_empty() { [[ ! -s $1/cgroup.procs ]]; }
kill_groups_below() {
  local group
  find "$1" -depth -type d 2>/dev/null | while read -r group; do
    kill_group "$group"
    wait_until 5 group_is_empty "$group"
  done
}

stop "proxy-$name" "kubelet-$name"
kill_groups_below "/sys/fs/cgroup/pids/$name" # the containers
stop "containerd-$name"
kill_groups_below "/sys/fs/cgroup/pids/$name.sys" # their shims
stop "holder-$name"
[[ ${2:-} == --keep ]] && exit 0

for controller in /sys/fs/cgroup/*; do
  find "$controller/$name" "$controller/$name.sys" -depth -type d -exec rmdir {} \; 2>/dev/null
done
ip netns del "heal-kn-$number" 2>/dev/null
ip link del "healkv$number" 2>/dev/null
cut -d' ' -f2 /proc/mounts | grep "^$home/" | sort -r | xargs -r umount -l 2>/dev/null
rm -rf "${home:?}" "$CERT/$name".*
kubectl delete node "$name" --wait=false --request-timeout=5s >/dev/null 2>&1
exit 0
