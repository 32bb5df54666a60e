#!/bin/bash
# install.sh : the Debian packages of a libvirt host with QEMU and UEFI (ovmf), and the guest's image. About 115 MB, once; up.sh calls it.
# No daemon of the packages is started or enabled: up.sh starts private ones.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_packages libvirt0 libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils \
  ovmf dnsmasq-base iptables iproute2 python3 cpio
"$HEAL_LIBVIRT/guest.sh"
