# shellcheck shell=bash disable=SC2034 # the settings are for the scripts that source this file
# Settings of the private libvirt hosts. Source it. LIBVIRT_HOME holds the guest's kernel and initramfs; LIBVIRT_STATE the hosts that run.
# Use the same LIBVIRT_STATE for up, down and the rest; several of them can run side by side, for everything in them is private.
HEAL_LIBVIRT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HEAL_ENG=${HEAL_LIBVIRT%/*}
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"

LIBVIRT_HOME=${LIBVIRT_HOME:-$HEAL_CACHE/libvirt}
LIBVIRT_STATE=${LIBVIRT_STATE:-$LIBVIRT_HOME/run}
IMAGES=$LIBVIRT_HOME/images
UNPACKED=$LIBVIRT_HOME/unpacked # Debian packages that are read, not installed
GUESTS=$LIBVIRT_STATE/guests # consoles and command sockets of guests, disks of guests that move: the same path on every host
PIDS=$LIBVIRT_STATE/pid
LOGS=$LIBVIRT_STATE/log
SMALL_POOL=16m               # of the pool that is there to be filled

host_folder() { echo "$LIBVIRT_STATE/host$1"; }
host_uri() { echo "qemu:///system?socket=$(host_folder "$1")/run/libvirt/libvirt-sock"; }
# the numbers of the hosts that have been started and not removed, whether they run or not
host_numbers() { find "$LIBVIRT_STATE" -maxdepth 1 -name 'host[0-9]*' -type d -printf '%f\n' 2>/dev/null | sed 's/^host//' | sort -n; }
virsh_on() { timeout 30 virsh -q -c "$(host_uri "$1")" "${@:2}"; }
answers() { timeout 5 virsh -q -c "$(host_uri "$1")" uri >/dev/null 2>&1; }

# configure N [LINE...]: a host's libvirtd.conf, with further lines (libvirt takes the first of two for one setting), and qemu.conf.
configure() {
  local folder
  folder=$(host_folder "$1")
  mkdir -p "$folder"/{etc,run/libvirt,lib,log,cache,pools/default,pools/small}
  cat >"$folder/etc/libvirtd.conf" <<C
$(printf '%s\n' "${@:2}")
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
unix_sock_group = "root"
unix_sock_rw_perms = "0770"
unix_sock_ro_perms = "0777"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:file:$LOGS/host$1-libvirtd.log"
C
  cat >"$folder/etc/qemu.conf" <<C
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
stdio_handler = "logd"
namespaces = [ ]
C
}

# open_host N [OPTION...]: the host's namespaces, by `unshare` with further options, and virtlogd, which holds them open. After configure.
open_host() {
  local folder
  folder=$(host_folder "$1")
  start_daemon "host$1-virtlogd" unshare --mount --uts "${@:2}" --propagation private \
    "$HEAL_LIBVIRT/host.sh" "$folder" "heal-host$1" "$SMALL_POOL"
  wait_until 10 test -S "$folder/run/libvirt/virtlogd-sock" ||
    die "virtlogd of host $1 did not start within 10 s" "$(tail -n 5 "$LOGS/host$1-virtlogd.log")"
}

# undo_start: a start that failed half-way leaves nothing running.
undo_start() {
  local name
  for name in "${STARTED[@]}"; do stop_daemon "$name"; done
}

# in_host N COMMAND...: in the host's namespaces, which virtlogd holds open while libvirtd is away.
in_host() {
  local pid
  pid=$(daemon_pid "host$1-virtlogd") || die "host $1 does not run in $LIBVIRT_STATE" "Start it: eng/libvirt/up.sh $1"
  nsenter -t "$pid" -m -n -u "${@:2}"
}

# qemu_pid N DOMAIN: the emulator of a domain of ours. libvirt's pid file alone could name a stranger by now.
qemu_pid() {
  local pid
  pid=$(cat "$(host_folder "$1")/run/libvirt/qemu/$2.pid" 2>/dev/null) ||
    die "domain '$2' has no emulator on host $1" "Is it running? virsh -c '$(host_uri "$1")' list --all"
  [[ $(readlink "/proc/$pid/ns/mnt") == "$(cat "$(host_folder "$1")/namespace")" ]] ||
    die "the emulator of domain '$2' on host $1 has ended" "Its pid file is still there: process $pid is none of ours."
  echo "$pid"
}

# Mount, network and UTS namespaces are root's. Called with the script's own arguments: "$0" "$@".
need_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || die "$1 needs root: it makes mount, network and UTS namespaces" "Run it as root."
  exec sudo env HEAL_CACHE="$HEAL_CACHE" LIBVIRT_HOME="$LIBVIRT_HOME" LIBVIRT_STATE="$LIBVIRT_STATE" HEAL_STARTED="$HEAL_STARTED" "$@"
}

# hold_packages: nobody else unpacks until this script ends.
hold_packages() {
  exec 8>"$LIBVIRT_HOME/lock"
  flock -w 600 8 || die "another script has held $LIBVIRT_HOME/lock for ten minutes"
}

# unpack PACKAGE: its files below $UNPACKED/PACKAGE.
unpack() {
  [[ -d $UNPACKED/$1 ]] && return
  say "fetching Debian package $1"
  rm -rf "$UNPACKED/new"
  mkdir -p "$UNPACKED/new/files"
  (cd "$UNPACKED/new" && apt-get -qq -o APT::Sandbox::User=root download "$1" >/dev/null) ||
    die "apt-get could not download '$1'" "Its messages are above; 'apt-get update' may help."
  dpkg -x "$UNPACKED"/new/*.deb "$UNPACKED/new/files"
  mv "$UNPACKED/new/files" "$UNPACKED/$1"
  rm -rf "$UNPACKED/new"
}
