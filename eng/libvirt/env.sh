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
