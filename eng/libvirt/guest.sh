#!/bin/bash
# guest.sh : the images of a guest that boots in seconds: Debian's kernels and an initramfs of busybox with our own init (guest/init).
# In $LIBVIRT_HOME/images: vmlinuz-cloud and initrd-cloud.gz, small and fast; vmlinuz-full and initrd-full.gz, which have the driver of
# QEMU's watchdog (i6300esb). Nothing of it is installed: the packages are unpacked. Built once; remove the folder to build anew.
set -euo pipefail
source "$(dirname "$0")/env.sh"
MODULES=(virtio_pci virtio_blk virtio_net virtio_balloon virtio_console button evdev pvpanic-mmio pvpanic-pci i6300esb)
FAT_MODULES=(vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8) # loaded when the guest reads a seed: at every boot they would cost time

main() {
  mkdir -p "$UNPACKED" "$IMAGES"
  hold_packages
  image cloud linux-image-cloud-amd64
  image full linux-image-amd64
}

# image FLAVOUR META_PACKAGE
image() {
  local flavour=$1 kernel
  if [[ -s $IMAGES/vmlinuz-$flavour && $IMAGES/initrd-$flavour.gz -nt $HEAL_LIBVIRT/guest/init ]]; then return; fi
  kernel=$(apt-cache depends "$2" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  [[ -n $kernel ]] || die "apt does not know a kernel for '$2'" \
    "Run 'apt-get update', and see that Debian's main archive is in the sources."
  unpack busybox-static
  unpack kmod
  unpack "$kernel"
  build "$flavour" "$UNPACKED/$kernel"
  say "built $IMAGES/initrd-$flavour.gz of $kernel"
}

# take LIST MODULE...: their files, and their names in the order that they are to be loaded in. Part of build.
take() {
  local list=$root/modules/$1 module file
  for module in "${@:2}"; do
    # what a kernel has built in, or does not have, has no file
    "$tools/modprobe" -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null | awk '$1 == "insmod" { print $2 }' |
      while read -r file; do
        cp -n "$file" "$root/modules/"
        grep -qx "$(basename "$file")" "$list" 2>/dev/null || basename "$file" >>"$list"
      done || true
  done
}

# build FLAVOUR KERNEL_FOLDER
build() {
  local flavour=$1 kernel=$2 version root tools
  version=$(ls "$kernel/lib/modules")
  tools=$LIBVIRT_HOME/tools
  mkdir -p "$tools"
  # the package's own links are absolute
  ln -sf "$UNPACKED/kmod/bin/kmod" "$tools/modprobe"
  ln -sf "$UNPACKED/kmod/bin/kmod" "$tools/depmod"
  [[ -s $kernel/lib/modules/$version/modules.dep ]] || "$tools/depmod" -b "$kernel" "$version"
  root=$(mktemp -d "$LIBVIRT_HOME/initramfs.XXXXXX")
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$root'" EXIT
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,mnt,modules}
  cp "$UNPACKED/busybox-static/bin/busybox" "$root/bin/"
  ln -s busybox "$root/bin/sh"
  cp "$HEAL_LIBVIRT/guest/init" "$root/init"
  chmod 755 "$root/init"
  take list "${MODULES[@]}"
  take fat "${FAT_MODULES[@]}"
  (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$IMAGES/initrd-$flavour.gz.new"
  cp "$kernel/boot/vmlinuz-$version" "$IMAGES/vmlinuz-$flavour"
  mv "$IMAGES/initrd-$flavour.gz.new" "$IMAGES/initrd-$flavour.gz"
  rm -rf "$root"
  trap - EXIT
}

main
