# shellcheck shell=bash disable=SC2154 # env.sh has the settings
# The four programs of a control plane and when they work. Source it after env.sh.

# STORAGE_QUOTA limits its file, in bytes.
etcd() {
  local client=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$((ETCD_PORT + 1))
  # no fsync: the cluster is made anew for each run
  start_daemon etcd etcd --data-dir "$RUN/etcd" --unsafe-no-fsync --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
    --quota-backend-bytes="${STORAGE_QUOTA:-0}"
}

# api_server NAME PORT CERTIFICATE [PLUGIN]: its certificate is one of those in $CERT; one more admission plugin
api_server() {
  start_daemon "$1" "$BIN/kube-apiserver" --etcd-servers="http://127.0.0.1:$ETCD_PORT" --secure-port="$2" \
    --bind-address="$CONTROL_IP" --advertise-address=172.31.0.1 --service-cluster-ip-range="$SERVICE_NET" \
    --client-ca-file="$CERT/ca.crt" --tls-cert-file="$CERT/$3.crt" --tls-private-key-file="$CERT/$3.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins="NodeRestriction,PodNodeSelector${4:+,$4}" --allow-privileged=true \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$CERT/sa.pub" \
    --service-account-signing-key-file="$CERT/sa.key" --enable-aggregator-routing=true \
    --kubelet-client-certificate="$CERT/apikubelet.crt" --kubelet-client-key="$CERT/apikubelet.key" \
    --kubelet-certificate-authority="$CERT/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file="$CERT/ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$CERT/frontproxy.crt" --proxy-client-key-file="$CERT/frontproxy.key"
}

controller_manager() {
  start_daemon kcm "$BIN/kube-controller-manager" --kubeconfig="$CERT/kcm.conf" --authentication-kubeconfig="$CERT/kcm.conf" \
    --authorization-kubeconfig="$CERT/kcm.conf" --port=0 --secure-port=0 --leader-elect=false \
    --service-account-private-key-file="$CERT/sa.key" --root-ca-file="$CERT/ca.crt" --use-service-account-credentials=true \
    --cluster-signing-cert-file="$CERT/ca.crt" --cluster-signing-key-file="$CERT/ca.key" \
    --node-monitor-period=2s --node-monitor-grace-period="$NODE_GRACE"
}

scheduler() {
  start_daemon sched "$BIN/kube-scheduler" --kubeconfig="$CERT/sched.conf" --authentication-kubeconfig="$CERT/sched.conf" \
    --authorization-kubeconfig="$CERT/sched.conf" --port=0 --secure-port=0 --leader-elect=false
}

api_is_ready() { is_stopped apiserver || kubectl get --raw /readyz >/dev/null 2>&1; }
service_account_exists() { kubectl -n default get serviceaccount default >/dev/null 2>&1; }

start_control_plane() {
  is_running etcd || etcd
  start_api_server
  is_running kcm || controller_manager
  is_running sched || scheduler
  wait_until 60 service_account_exists || die "the controller manager made no service account within 60 s" "$(tail -n 5 "$LOGS/kcm.log")"
}

start_api_server() {
  is_running apiserver || api_server apiserver "$API_PORT" apiserver
  wait_until 60 api_is_ready || true
  if is_stopped apiserver || ! api_is_ready; then
    die "the API server is not ready after 60 s" "$(tail -n 5 "$LOGS/apiserver.log")"
  fi
  say "the API server is ready on https://$CONTROL_IP:$API_PORT"
}
