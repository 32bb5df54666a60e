# shellcheck shell=bash disable=SC2034 # the settings are for the scripts that source this file
# Settings of the real cluster. Source it. KUBE_HOME holds the binaries (bin) and the state (run); use the same one for up and down,
# or links and namespaces stay behind. Nothing is written beside the scripts. private-control-plane.sh sets KUBE_RUN and what follows it.
HEAL_KUBE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HEAL_ENG=${HEAL_KUBE%/*}
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"

KUBE_HOME=${KUBE_HOME:-$HEAL_CACHE/kube}
BIN=$KUBE_HOME/bin
RUN=${KUBE_RUN:-$KUBE_HOME/run}
CERT=$RUN/certs
PIDS=$RUN/pid
LOGS=$RUN/log
BRIDGE=healbr0            # the nodes hang on it
CONTROL_IP=${KUBE_IP:-172.31.0.1} # the control plane's address on the bridge; node N has 172.31.0.(10 + N)
API_PORT=${KUBE_API_PORT:-6443}
ETCD_PORT=${KUBE_ETCD_PORT:-23790}
NODE_GRACE=${KUBE_NODE_GRACE:-16s} # a node that says nothing for so long is NotReady: fast enough for tests, slow enough for two cores
POD_NET=10.244            # node N has $POD_NET.N.0/24
SERVICE_NET=10.96.0.0/16
PROMETHEUS_PORT=19090
ALERTMANAGER_PORT=19093
STATE_METRICS_PORT=19094
RESOURCE_METRICS_PORT=10443
export KUBECONFIG=$CERT/admin.conf

node_ip() { echo "172.31.0.$((10 + $1))"; }
# the numbers of the nodes that have been started and not removed, whether they run or not
node_numbers() { find "$RUN" -maxdepth 1 -name 'node[0-9]*' -type d -printf '%f\n' 2>/dev/null | sed 's/^node//' | sort -n; }

# stop NAME...: these daemons keep nothing that needs a long goodbye.
stop() {
  local name
  for name in "$@"; do stop_daemon "$name" TERM 2; done
}
# Network namespaces, mounts and control groups are root's. Called with the script's own arguments: "$0" "$@".
need_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || die "$1 needs root: it makes network namespaces, mounts and control groups" "Run it as root."
  exec sudo env HEAL_CACHE="$HEAL_CACHE" KUBE_HOME="$KUBE_HOME" HEAL_STARTED="$HEAL_STARTED" "$@"
}
