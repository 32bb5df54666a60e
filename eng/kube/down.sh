#!/bin/bash
# down.sh : stops everything that up.sh and mon-up.sh started and removes its state; the binaries stay.
set -uo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
[[ -d $RUN ]] || exit 0
say "stopping the cluster in $RUN"
"$HEAL_KUBE/mon-down.sh"
for number in $(node_numbers); do "$HEAL_KUBE/node-down.sh" "$number" & done
wait
stop resource-metrics sched kcm apiserver etcd
ip link del "$BRIDGE" 2>/dev/null
rm -rf "${RUN:?}"
