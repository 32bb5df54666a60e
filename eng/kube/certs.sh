#!/bin/bash
# certs.sh            the CA, the API server, and one client certificate and kubeconfig per component
# certs.sh node NAME IP    the same for one node
# Only openssl; everything is valid for 30 days and readable by its owner only.
set -euo pipefail
source "$(dirname "$0")/env.sh"
umask 077
mkdir -p "$CERT"
cd "$CERT"

# certificate NAME SUBJECT [SUBJECT_ALT_NAMES]
certificate() {
  openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr" 2>/dev/null
  {
    echo 'keyUsage=critical,digitalSignature'
    echo 'extendedKeyUsage=clientAuth,serverAuth'
    if [[ -n ${3:-} ]]; then echo "subjectAltName=$3"; fi
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 30 \
    -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.csr" "$1.ext"
}

# kubeconfig NAME: with the certificate inside, so that the file works from anywhere
kubeconfig() {
  cat >"$1.conf" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: heal-test, cluster: {server: "https://$CONTROL_IP:$API_PORT", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: heal-test, context: {cluster: heal-test, user: $1}}]
current-context: heal-test
YAML
}

client() {
  certificate "$1" "$2" "${3:-}"
  kubeconfig "$1"
}

if [[ ${1:-} == node ]]; then
  client "$2" "/O=system:nodes/CN=system:node:$2" "DNS:$2,IP:$3"
  exit
fi

openssl ecparam -genkey -name prime256v1 -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj /CN=heal-test-ca -addext keyUsage=critical,keyCertSign,cRLSign -out ca.crt 2>/dev/null
openssl genrsa -out sa.key 2048 2>/dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
certificate apiserver /CN=kube-apiserver \
  "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:$CONTROL_IP"
certificate apikubelet /O=system:masters/CN=kube-apiserver-kubelet-client
certificate frontproxy /CN=front-proxy-client
client kcm /CN=system:kube-controller-manager
client sched /CN=system:kube-scheduler
client proxy /CN=system:kube-proxy
client state-metrics /CN=state-metrics
client resource-metrics /CN=resource-metrics DNS:resource-metrics.kube-system.svc
client admin /O=system:masters/CN=admin # last: its kubeconfig says that all is there
