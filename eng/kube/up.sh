#!/bin/bash
# up.sh [N] : a real Kubernetes with N nodes (default 3) on this machine, about 20 s. Stop it with down.sh.
# Images on every node: localhost/busybox:1, localhost/busybox:2, localhost/pause:1. There is no DNS server and no image registry.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0"
count=${1:-3}
need_packages etcd-server containerd runc containernetworking-plugins busybox-static iptables iproute2 conntrack ethtool socat openssl
command -v kubectl >/dev/null || need_packages kubernetes-client
[[ -x $BIN/kube-apiserver ]] || die "no Kubernetes binaries in $BIN" "Run eng/kube/build.sh first (5 to 8 minutes, once)."
export HEAL_STARTED
"$HEAL_KUBE/control-plane-up.sh"
pids=()
for number in $(seq "$count"); do
  "$HEAL_KUBE/node-up.sh" "$number" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
say "kubeconfig: $KUBECONFIG"
