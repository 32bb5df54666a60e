#!/bin/bash
# node-up.sh N : the node "nodeN" in a network and mount namespace of its own, with real containerd, kubelet and kube-proxy.
# Brings a node back that `node-down.sh N --keep` has crashed, too.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
number=${1:?usage: node-up.sh N}
name=node$number
namespace=heal-kn-$number
ip=$(node_ip "$number")
home=$RUN/$name
pods=$POD_NET.$number.0/24
[[ -d /sys/fs/cgroup/pids ]] || die "this machine has only the unified control groups (v2)" \
  "The node scripts are made for v1: boot with systemd.unified_cgroup_hierarchy=0."
mkdir -p "$home"/{cni,kubelet,rc,netns,varlib,varlog/pods,varlog/containers}

# Under a lock: nodes start side by side, and a route to a node whose link is not yet up is refused.
network() {
  local other
  exec 8>"$RUN/network.lock"
  flock 8
  if [[ ! -e /run/netns/$namespace ]]; then
    ip netns add "$namespace"
    ip link add "healkv$number" type veth peer name eth0 netns "$namespace"
    ip link set "healkv$number" master "$BRIDGE" up
    ip -n "$namespace" link set lo up
    ip -n "$namespace" addr add "$ip/24" dev eth0
    ip -n "$namespace" link set eth0 up
    ip -n "$namespace" route add default via "$CONTROL_IP"
    ip -n "$namespace" route add unreachable 169.254.169.254 # else the kubelet waits for a cloud's metadata server
  fi
  nsenter --net="/run/netns/$namespace" sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 || true
  ip route replace "$pods" via "$ip" # from the control plane to the pods
  for other in $(ip netns list | sed -n 's/^heal-kn-\([0-9]*\).*/\1/p'); do # and from every node's pods to every other's
    [[ $other == "$number" ]] && continue
    ip -n "$namespace" route replace "$POD_NET.$other.0/24" via "$(node_ip "$other")"
    ip -n "heal-kn-$other" route replace "$pods" via "$ip"
  done
  exec 8>&-
}

write_cni_config() {
  cat >"$home/cni/10-bridge.conflist" <<JSON
{"cniVersion":"0.4.0","name":"$name","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"hairpinMode":true,
  "ipam":{"type":"host-local","dataDir":"$home/ipam","ranges":[[{"subnet":"$pods"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
JSON
}

# containerd's socket is in the node's mount namespace, because cAdvisor dials this very path; outside it is $home/rc/containerd.sock.
# restrict_oom_score_adj: in a container we may lack CAP_SYS_RESOURCE, so never lower a score.
write_containerd_config() {
  cat >"$home/containerd.toml" <<TOML
version = 2
root = "$home/containerd"
state = "$home/containerd-state"
[grpc]
  address = "/run/containerd/containerd.sock"
[ttrpc]
  address = "/run/containerd/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  stream_server_address = "$ip"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$home/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
}

# Each node believes that it has the whole machine: reserve all but 4 GiB, so that scheduling on memory means something.
write_kubelet_config() {
  local total reserved
  total=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
  reserved=$((total > 4096 ? total - 4096 : 0))
  cat >"$home/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $ip
healthzBindAddress: 127.0.0.1
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $CERT/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $CERT/$name.crt
tlsPrivateKeyFile: $CERT/$name.key
cgroupDriver: cgroupfs
cgroupRoot: /$name
failSwapOn: false
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: /etc/resolv.conf
nodeStatusUpdateFrequency: 4s
nodeStatusReportFrequency: 20s
volumeStatsAggPeriod: 5s
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
registerNode: true
maxPods: 50
systemReserved: {cpu: 200m, memory: ${reserved}Mi}
enforceNodeAllocatable: []
YAML
}

control_groups() {
  local controller
  for controller in /sys/fs/cgroup/*; do
    [[ -d $controller && $controller != */unified ]] || continue
    mkdir -p "$controller/$name"
    if [[ $controller == */cpuset ]]; then # a new cpuset is empty, and nothing can run in it
      cat "$controller/cpuset.cpus" >"$controller/$name/cpuset.cpus"
      cat "$controller/cpuset.mems" >"$controller/$name/cpuset.mems"
    fi
  done
  mkdir -p "/sys/fs/cgroup/pids/$name.sys" # the node's own daemons, shims included: node-down.sh kills by it
}

# One mount namespace per node: kubelets remove each other's /var/log/pods (unknown pods) and device-plugin sockets otherwise.
# A sleeping process holds it; `enter` runs a command as a process of the node.
mount_namespace() {
  mkdir -p /var/log/pods /var/log/containers /var/lib/kubelet /run/containerd
  rm -f "$home/held"
  start_daemon "holder-$name" nsenter --net="/run/netns/$namespace" unshare -m --propagation private sh -c "
    echo \$\$ >/sys/fs/cgroup/pids/$name.sys/cgroup.procs
    mount --bind $home/varlog/pods /var/log/pods
    mount --bind $home/varlog/containers /var/log/containers
    mount --bind $home/varlib /var/lib/kubelet
    mount --bind $home/rc /run/containerd
    mount --bind $home/netns /run/netns
    touch $home/held
    exec sleep infinity"
  wait_until 10 test -f "$home/held" || die "the mount namespace of $name was not made" "$(tail -n 3 "$LOGS/holder-$name.log")"
  cat >"$home/enter" <<SH
#!/bin/sh
# runs a command as a process of $name: its network and mount namespaces, its control group
echo \$\$ >/sys/fs/cgroup/pids/$name.sys/cgroup.procs
exec nsenter -t $(daemon_pid "holder-$name") -m -n "\$@"
SH
  chmod +x "$home/enter"
}

containerd_answers() { ctr -a "$home/rc/containerd.sock" version >/dev/null 2>&1; }
node_is_ready() { [[ $(kubectl get node "$name" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null) == True ]]; }

if is_running "kubelet-$name"; then
  say "$name runs already"
  exit
fi
[[ -f $CERT/$name.conf ]] || "$HEAL_KUBE/certs.sh" node "$name" "$ip"
network
write_cni_config
write_containerd_config
write_kubelet_config
control_groups
mount_namespace
start_daemon "containerd-$name" "$home/enter" containerd -c "$home/containerd.toml"
wait_until 30 containerd_answers || die "containerd of $name does not answer after 30 s" "$(tail -n 5 "$LOGS/containerd-$name.log")"
for image in pause busybox1 busybox2; do ctr -a "$home/rc/containerd.sock" -n k8s.io images import "$RUN/img/$image.tar" >/dev/null; done
start_daemon "kubelet-$name" "$home/enter" "$BIN/kubelet" --config="$home/kubelet.yaml" --kubeconfig="$CERT/$name.conf" \
  --root-dir="$home/kubelet" --cert-dir="$home/pki" --hostname-override="$name" --node-ip="$ip" --volume-plugin-dir="$home/vol" \
  --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock --v=2
start_daemon "proxy-$name" "$home/enter" "$BIN/kube-proxy" --kubeconfig="$CERT/proxy.conf" --hostname-override="$name" \
  --proxy-mode=iptables --cluster-cidr="$POD_NET.0.0/16" --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
  --conntrack-tcp-timeout-close-wait=0
wait_until 60 node_is_ready || die "$name is not Ready after 60 s" "$(tail -n 5 "$LOGS/kubelet-$name.log")"
say "$name is Ready"
