#!/bin/bash
# up.sh [N] : a real Kubernetes with N nodes (default 3) on this machine, about 20 s. Stop it with down.sh.
# Images on every node: localhost/busybox:1, localhost/busybox:2, localhost/pause:1. There is no DNS server and no image registry.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
count=${1:-3}
"$HEAL_KUBE/packages.sh"
[[ -x $BIN/kube-apiserver ]] || die "no Kubernetes binaries in $BIN" "Run eng/kube/build.sh first (3 to 8 minutes, once)."
"$HEAL_KUBE/control-plane-up.sh"
pids=()
for number in $(seq "$count"); do
  "$HEAL_KUBE/node-up.sh" "$number" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
if [[ -n ${SUDO_UID:-} ]]; then # whoever called us through sudo is to use the cluster
  chmod 711 "$CERT"
  chown "$SUDO_UID" "$KUBECONFIG"
fi
say "kubeconfig: $KUBECONFIG"
