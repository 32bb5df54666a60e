#!/bin/bash
# fail.sh VERB HOST [DOMAIN] : real failures of a private host (a number) and of its guests.
#
#   kill-qemu HOST DOMAIN       kills the guest's emulator, as the kernel does when memory runs out
#   freeze-qemu HOST DOMAIN     stops it where it is; thaw-qemu lets it go on
#   break-monitor HOST DOMAIN   writes nonsense to libvirtd in the emulator's name; the guest goes on
#   kill-daemon HOST            kills libvirtd; guests go on
#   freeze-daemon HOST          stops it where it is; thaw-daemon lets it go on
#   restart-daemon HOST         starts it, after killing it where it still runs
#   grow-small HOST             gives the pool 'small' space again; shrink-small takes it back
#   tell HOST DOMAIN COMMAND    a line to the guest's second serial port (see guest/init)
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
# of a pipe-less command substitution that dies, bash goes on with nothing in its place
emulator() { PID=$(qemu_pid "$host" "$domain"); }
verb=${1:-} host=${2:-} domain=${3:-}
[[ -n $verb && $host =~ ^[1-9]$ ]] || die "expected a verb and the number of a host, got '$*'" "The head of the script lists the verbs."

signal_daemon() {
  local pid
  pid=$(daemon_pid "host$host-libvirtd") || die "libvirtd of host $host does not run" "Start it: eng/libvirt/fail.sh restart-daemon $host"
  kill -s "$1" "$pid"
}

restart_daemon() {
  local folder
  folder=$(host_folder "$host")
  # a stopped process does not take any other signal
  if is_running "host$host-libvirtd"; then stop_daemon "host$host-libvirtd" KILL; fi
  rm -f "$folder/run/libvirtd.pid"
  daemon_pid "host$host-virtlogd" >/dev/null || die "host $host does not run in $LIBVIRT_STATE" "Start it: eng/libvirt/up.sh $host"
  start_daemon "host$host-libvirtd" nsenter -t "$(daemon_pid "host$host-virtlogd")" -m -n -u \
    /usr/sbin/libvirtd -f /etc/libvirt/libvirtd.conf
  wait_until 20 answers "$host" ||
    die "libvirtd of host $host did not answer within 20 s" "$(tail -n 5 "$LOGS/host$host-libvirtd.log")"
}

# The emulator's end of its monitor is a connection that nobody else can open: its own descriptor is borrowed for one line.
break_monitor() {
  python3 - "$PID" <<'P'
import ctypes, os, sys
pid = int(sys.argv[1])
with open(f"/proc/{pid}/net/unix") as table:
    rows = [line.split() for line in table]
monitors = {f"socket:[{row[6]}]" for row in rows if row[-1].endswith("/monitor.sock") and row[5] == "03"}
ends = [int(fd) for fd in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{fd}") in monitors]
if not ends:
    sys.exit(f"process {pid} has no connected monitor")
libc = ctypes.CDLL(None, use_errno=True)
PIDFD_GETFD = 438
for end in ends:
    borrowed = libc.syscall(PIDFD_GETFD, os.pidfd_open(pid), end, 0)
    if borrowed < 0:
        sys.exit(f"pidfd_getfd: {os.strerror(ctypes.get_errno())}")
    os.write(borrowed, b"this is no JSON\r\n")
P
}

tell() {
  python3 - "$GUESTS/$domain.cmd" "$1" <<'P'
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.settimeout(10)
line.connect(sys.argv[1])
line.sendall((sys.argv[2] + "\n").encode())
line.shutdown(socket.SHUT_WR)
# QEMU reads before it closes: waiting for that is knowing that the line has arrived
try:
    line.recv(1)
except OSError:
    pass
P
}

case $verb in
  kill-qemu) emulator; kill -s KILL "$PID" ;;
  freeze-qemu) emulator; kill -s STOP "$PID" ;;
  thaw-qemu) emulator; kill -s CONT "$PID" ;;
  break-monitor) emulator && break_monitor ;;
  kill-daemon) signal_daemon KILL && wait_until 5 is_stopped "host$host-libvirtd" ;;
  freeze-daemon) signal_daemon STOP ;;
  thaw-daemon) signal_daemon CONT ;;
  restart-daemon) restart_daemon ;;
  grow-small) in_host "$host" mount -o remount,size=256m "$(host_folder "$host")/pools/small" ;;
  shrink-small) in_host "$host" mount -o "remount,size=$SMALL_POOL" "$(host_folder "$host")/pools/small" ;;
  tell) tell "${4:?expected a command for the guest}" ;;
  *) die "unknown verb '$verb'" "The head of the script lists the verbs." ;;
esac
