#!/bin/bash
# host.sh FOLDER NAME : run by up.sh in new namespaces. Puts the host's own folders in place of the machine's, then is virtlogd, which
# holds the namespaces open for as long as the host exists. Not to be called by hand.
set -euo pipefail
folder=$1 name=$2 small=$3
hostname "$name"
ip link set lo up
# libvirtd asks for its users and groups by name, though qemu.conf says root; Debian's libvirt-daemon-system would have made them
cp /etc/passwd /etc/group "$folder/"
grep -q '^libvirt-qemu:' "$folder/passwd" || echo 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin' >>"$folder/passwd"
grep -q '^libvirt-qemu:' "$folder/group" || echo 'libvirt-qemu:x:64055:' >>"$folder/group"
grep -q '^kvm:' "$folder/group" || echo 'kvm:x:64056:' >>"$folder/group"
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
mount --bind "$folder/etc" /etc/libvirt
mount --bind "$folder/run" /run
mount --bind "$folder/lib" /var/lib/libvirt
mount --bind "$folder/log" /var/log/libvirt
mount --bind "$folder/cache" /var/cache/libvirt
mount -t tmpfs -o "size=$small" heal-small "$folder/pools/small"
readlink /proc/self/ns/mnt >"$folder/namespace"
exec /usr/sbin/virtlogd
