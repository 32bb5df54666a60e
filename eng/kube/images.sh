#!/bin/bash
# The images that every node gets: localhost/busybox:1 and :2 (the same content under two tags, for rollouts and rollbacks) and
# localhost/pause:1, all from Debian's busybox-static. Its `wget -T` crashes: use `timeout 3 wget -qO- URL` in tests.
set -euo pipefail
source "$(dirname "$0")/env.sh"
images=$RUN/img
mkdir -p "$images"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,tmp,etc,root,var/run}
cp /bin/busybox "$root/bin/"
for applet in $("$root/bin/busybox" --list); do
  [[ $applet == busybox ]] || ln -sf busybox "$root/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
chmod 1777 "$root/tmp"

for tag in 1 2; do "$HEAL_KUBE/mkimage.sh" "localhost/busybox:$tag" "$root" "$images/busybox$tag.tar" null; done
# The pause container only holds the pod's namespaces. tail ignores no signal, so it ends at once when told to.
"$HEAL_KUBE/mkimage.sh" localhost/pause:1 "$root" "$images/pause.tar" '["/bin/tail","-f","/dev/null"]'
