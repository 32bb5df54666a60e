#!/bin/bash
# packages.sh : the Debian packages that the cluster and its monitoring run from. up.sh and mon-up.sh call it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_packages etcd-server containerd runc containernetworking-plugins busybox-static iptables iproute2 conntrack ethtool socat openssl \
  prometheus prometheus-alertmanager python3 curl
command -v kubectl >/dev/null || need_packages kubernetes-client
