#!/bin/bash
# etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with TLS, RBAC and service accounts. Waits until they work.
set -euo pipefail
source "$(dirname "$0")/env.sh"
# shellcheck source=eng/kube/control-plane.sh
source "$HEAL_KUBE/control-plane.sh"
need_root "$0" "$@"
mkdir -p "$RUN" "$PIDS" "$LOGS"
[[ -f $CERT/admin.conf ]] || "$HEAL_KUBE/certs.sh"
[[ -f $RUN/img/pause.tar ]] || "$HEAL_KUBE/images.sh"
if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
  ip link add "$BRIDGE" type bridge
  ip addr add "$CONTROL_IP/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
fi
sysctl -qw net.ipv4.ip_forward=1

start_control_plane
kubectl create clusterrolebinding kube-proxy --clusterrole=system:node-proxier --user=system:kube-proxy >/dev/null 2>&1 || true
