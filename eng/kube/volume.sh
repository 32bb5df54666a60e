#!/bin/bash
# volume.sh N NAME SIZE : a volume of SIZE (as 24M) on node N, to be used as a local PersistentVolume: /var/lib/kubelet/heal-volumes/NAME
# on the node. Of one that is there the size is changed, its files stay. SIZE 0 takes it away, from pods that still use it when they end.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
usage='usage: volume.sh N NAME SIZE'
number=${1:?$usage} name=${2:?$usage} size=${3:?$usage}
enter=$RUN/node$number/enter
[[ -x $enter ]] || die "there is no node$number in $RUN" "Start it with eng/kube/node-up.sh $number."
folder=/var/lib/kubelet/heal-volumes/$name
if [[ $size == 0 ]]; then
  "$enter" sh -c "umount --lazy '$folder' 2>/dev/null; rmdir '$folder' 2>/dev/null" || true
elif "$enter" mountpoint -q "$folder"; then
  "$enter" mount -o "remount,size=$size" "$folder"
else
  "$enter" sh -c "mkdir -p '$folder' && mount -t tmpfs -o size=$size heal-volume '$folder'"
fi
