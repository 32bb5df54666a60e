#!/bin/bash
# private-control-plane.sh COMMAND FOLDER: a Kubernetes without nodes on 127.0.0.1, for tests that break it. Needs no root; many fit on
# one machine. FOLDER holds its state. The commands:
#   up      starts it, and prints KUBECONFIG and ETCD (the address of its storage) as settings
#   crash   SIGKILL to the API server       start   starts that again, and waits until it works
#   another NAME [PLUGIN]   starts another API server on the same storage, with certificate NAME of FOLDER/certs and that admission plugin
#           beside the others, and prints its address as setting SERVER; when it runs already, it is started again at the same address
#   alone   ends that other one
#   freeze  SIGSTOP to etcd                 thaw    SIGCONT to etcd
#   down    ends everything and removes FOLDER
set -euo pipefail
command=${1:-} folder=${2:-}
if [[ -n $folder && -f $folder/ports ]]; then read -r KUBE_API_PORT KUBE_ETCD_PORT <"$folder/ports"; fi
# what a test can fill in seconds, and all the others together do not; a benchmark asks for more (0: etcd's own limit)
STORAGE_QUOTA=${STORAGE_QUOTA:-$((128 << 20))}
# nobody reports for its nodes, which are objects only
export KUBE_RUN=$folder KUBE_IP=127.0.0.1 KUBE_NODE_GRACE=24h KUBE_API_PORT KUBE_ETCD_PORT
source "$(dirname "$0")/env.sh"
# shellcheck source=eng/kube/control-plane.sh
source "$HEAL_KUBE/control-plane.sh"
[[ -n $folder ]] || die "expected COMMAND FOLDER, got '$*'" "Commands: up, crash, start, another, alone, freeze, thaw, down."

up() {
  [[ -x $BIN/kube-apiserver ]] || die "no Kubernetes binaries in $BIN" "Run eng/kube/build.sh first (3 to 8 minutes, once)."
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

# Whoever looks does not verify it: its certificate may be one that nobody should trust.
another_is_ready() {
  is_stopped another || kubectl --kubeconfig=/dev/null --server="https://127.0.0.1:$1" --insecure-skip-tls-verify \
    --client-certificate="$CERT/admin.crt" --client-key="$CERT/admin.key" get --raw /readyz >/dev/null 2>&1
}

another() {
  local port
  port=$(cat "$folder/another" 2>/dev/null) || port=$(free_port)
  echo "$port" >"$folder/another"
  stop another
  api_server another "$port" "$@"
  wait_until 60 another_is_ready "$port" || true
  if is_stopped another || ! another_is_ready "$port"; then
    die "another API server is not ready after 60 s" "$(tail -n 5 "$LOGS/another.log")"
  fi
  echo "SERVER=https://127.0.0.1:$port"
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
  another) another "${3:?another needs the name of a certificate}" "${@:4}" ;;
  alone) stop another ;;
  freeze) signal etcd STOP ;;
  thaw) signal etcd CONT ;;
  down)
    if is_running etcd; then signal etcd CONT; fi
    stop sched kcm another apiserver etcd
    rm -rf "${folder:?}"
    ;;
  *) die "unknown command '$command'" "Expected up, crash, start, another, alone, freeze, thaw or down." ;;
esac
