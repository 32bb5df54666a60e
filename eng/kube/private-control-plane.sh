#!/bin/bash
# private-control-plane.sh COMMAND FOLDER: a Kubernetes without nodes on 127.0.0.1, for tests that break it. Needs no root; many fit on
# one machine. FOLDER holds its state. The commands:
#   up      starts it, and prints KUBECONFIG and ETCD (the address of its storage) as settings
#   crash   SIGKILL to the API server       start   starts that again, and waits until it works
#   freeze  SIGSTOP to etcd                 thaw    SIGCONT to etcd
#   down    ends everything and removes FOLDER
set -euo pipefail
command=${1:-} folder=${2:-}
if [[ -n $folder && -f $folder/ports ]]; then read -r KUBE_API_PORT KUBE_ETCD_PORT <"$folder/ports"; fi
# nobody reports for its nodes, which are objects only
export KUBE_RUN=$folder KUBE_IP=127.0.0.1 KUBE_NODE_GRACE=24h KUBE_API_PORT KUBE_ETCD_PORT
source "$(dirname "$0")/env.sh"
# shellcheck source=eng/kube/control-plane.sh
source "$HEAL_KUBE/control-plane.sh"
[[ -n $folder ]] || die "expected COMMAND FOLDER, got '$*'" "Commands: up, crash, start, freeze, thaw, down."

up() {
  [[ -x $BIN/kube-apiserver ]] || die "no Kubernetes binaries in $BIN" "Run eng/kube/build.sh first (5 to 8 minutes, once)."
  command -v etcd >/dev/null || die "etcd is missing" "Run eng/kube/packages.sh."
  mkdir -p "$PIDS" "$LOGS"
  if [[ ! -f $folder/ports ]]; then
    API_PORT=$(free_port) ETCD_PORT=$(free_port)
    # etcd uses the next port too
    while port_is_open $((ETCD_PORT + 1)); do ETCD_PORT=$(free_port); done
    echo "$API_PORT $ETCD_PORT" >"$folder/ports"
    KUBE_API_PORT=$API_PORT KUBE_ETCD_PORT=$ETCD_PORT "$HEAL_KUBE/certs.sh"
  fi
  start_control_plane >&2
  echo "KUBECONFIG=$KUBECONFIG"
  echo "ETCD=http://127.0.0.1:$ETCD_PORT"
}

# signal NAME SIGNAL
signal() {
  local pid
  pid=$(daemon_pid "$1") || die "'$1' of $folder does not run" "$(tail -n 3 "$LOGS/$1.log" 2>/dev/null)"
  kill -s "$2" "$pid"
}

case $command in
  up) up ;;
  crash)
    signal apiserver KILL
    wait_until 5 is_stopped apiserver
    ;;
  start) start_api_server ;;
  freeze) signal etcd STOP ;;
  thaw) signal etcd CONT ;;
  down)
    if is_running etcd; then signal etcd CONT; fi
    stop sched kcm apiserver etcd
    rm -rf "${folder:?}"
    ;;
  *) die "unknown command '$command'" "Expected up, crash, start, freeze, thaw or down." ;;
esac
