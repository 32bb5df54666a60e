#!/bin/bash
# remote.sh : one more private libvirt host, reached as another machine is: by TLS, and by ssh, on loopback. Its number is 9; `down.sh` ends
# it with the others. Like them in namespaces of its own, but for the network's. What it makes is named in $LIBVIRT_STATE/remote.env.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
NUMBER=9
FOLDER=$(host_folder $NUMBER)
DOORS=$LIBVIRT_STATE/doors # keys and certificates
DAYS=2                     # of certificates: a test takes minutes
TRUE_SSH=$DOORS/ssh FALSE_SSH=$DOORS/ssh-stranger

main() {
  need_packages openssl dropbear-bin openssh-client netcat-openbsd
  [[ ! -s $LIBVIRT_STATE/remote.env ]] || ! answers $NUMBER || { cat "$LIBVIRT_STATE/remote.env" && return; }
  mkdir -p "$PIDS" "$LOGS" "$GUESTS" "$DOORS"
  trap undo_start EXIT
  certificates
  keys
  tls=$(free_port) ssh=$(free_port)
  configure $NUMBER 'listen_tls = 1' 'listen_tcp = 0' 'listen_addr = "127.0.0.1"' "tls_port = \"$tls\"" \
    "ca_file = \"$DOORS/true/cacert.pem\"" "cert_file = \"$DOORS/true/servercert.pem\"" "key_file = \"$DOORS/true/serverkey.pem\""
  start
  write_env
  trap - EXIT
  cat "$LIBVIRT_STATE/remote.env"
}

# Two authorities that do not know each other, in folders as libvirt's pkipath wants them. A client with "stranger" does not believe the
# server; one with "unknown" does, and shows the certificate of an authority that the server does not know.
certificates() {
  local authority
  for authority in true stranger; do
    mkdir -p "$DOORS/$authority"
    quietly openssl req -x509 -newkey rsa:2048 -nodes -days "$DAYS" -subj "/CN=$authority" -keyout "$DOORS/$authority/cakey.pem" \
      -out "$DOORS/$authority/cacert.pem"
    signed "$authority" client clientAuth
  done
  signed true server serverAuth
  mkdir -p "$DOORS/unknown"
  cp "$DOORS/stranger"/client*.pem "$DOORS/unknown/"
  # a client whose own certificate is not of an authority in the file would not even try
  cat "$DOORS"/{true,stranger}/cacert.pem >"$DOORS/unknown/cacert.pem"
}

# signed AUTHORITY NAME USE
signed() {
  local at=$DOORS/$1
  printf '%s\n' 'subjectAltName=IP:127.0.0.1,DNS:localhost' "extendedKeyUsage=$3" 'keyUsage=digitalSignature,keyEncipherment' >"$at/$2.ext"
  quietly openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$at/$2key.pem" -out "$at/$2.csr"
  quietly openssl x509 -req -days "$DAYS" -in "$at/$2.csr" -CA "$at/cacert.pem" -CAkey "$at/cakey.pem" -CAcreateserial \
    -out "$at/$2cert.pem" -extfile "$at/$2.ext"
}

# quietly COMMAND...: what draws dots while it works; its words when it fails.
quietly() { "$@" >"$LOGS/doors.log" 2>&1 || die "'$1 $2' failed" "$(cat "$LOGS/doors.log")"; }

# Keys of a user and of the host; an ssh that knows the host, and one that knows another host under its name. libvirt's own known_hosts=
# does not count for ssh.
keys() {
  local home=$FOLDER/home
  mkdir -p "$home/.ssh"
  dropbearkey -t ed25519 -f "$DOORS/hostkey" >"$DOORS/hostkey.txt" 2>/dev/null
  dropbearkey -t ed25519 -f "$DOORS/otherkey" >"$DOORS/otherkey.txt" 2>/dev/null
  [[ -s $DOORS/id ]] || ssh-keygen -q -t ed25519 -N '' -C heal -f "$DOORS/id"
  cp "$DOORS/id.pub" "$home/.ssh/authorized_keys"
  chmod -R go-rwx "$home"
}

# believes SSH KEY_FILE: an ssh that believes this key of the host's.
believes() {
  echo "[127.0.0.1]:$ssh $(grep '^ssh-ed25519' "$2")" >"$1.known"
  cat >"$1" <<S
#!/bin/sh
exec ssh -F none -o UserKnownHostsFile=$1.known -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes -o BatchMode=yes "\$@"
S
  chmod 755 "$1"
}

start() {
  open_host $NUMBER
  # Its root has a home of its own: whose keys are let in there is nobody else's business. In place, because
  # the file is mounted where the machine's would be.
  sed "s|^root:.*|root:x:0:0:root:$FOLDER/home:/bin/sh|" "$FOLDER/passwd" >"$DOORS/passwd"
  cat "$DOORS/passwd" >"$FOLDER/passwd"
  start_daemon "host$NUMBER-libvirtd" nsenter -t "$(daemon_pid "host$NUMBER-virtlogd")" -m -u \
    /usr/sbin/libvirtd --listen -f /etc/libvirt/libvirtd.conf
  wait_until 20 answers $NUMBER ||
    die "libvirtd of host $NUMBER did not answer within 20 s" "$(tail -n 5 "$LOGS/host$NUMBER-libvirtd.log")"
  start_daemon "host$NUMBER-ssh" nsenter -t "$(daemon_pid "host$NUMBER-virtlogd")" -m -u \
    dropbear -F -E -s -j -k -p "127.0.0.1:$ssh" -r "$DOORS/hostkey" -P "$FOLDER/run/dropbear.pid"
  wait_until 10 port_is_open "$ssh" || die "dropbear did not start within 10 s" "$(tail -n 5 "$LOGS/host$NUMBER-ssh.log")"
  believes "$TRUE_SSH" "$DOORS/hostkey.txt"
  believes "$FALSE_SSH" "$DOORS/otherkey.txt"
}

write_env() {
  local way="qemu+ssh://root@127.0.0.1:$ssh/system?keyfile=$DOORS/id" secure="qemu+tls://127.0.0.1:$tls/system?pkipath=$DOORS"
  {
    echo "export HEAL_TEST_LIBVIRT_TLS='$secure/true'"
    echo "export HEAL_TEST_LIBVIRT_TLS_UNTRUSTED='$secure/stranger'"
    echo "export HEAL_TEST_LIBVIRT_TLS_UNKNOWN='$secure/unknown'"
    echo "export HEAL_TEST_LIBVIRT_SSH='$way&command=$TRUE_SSH'"
    echo "export HEAL_TEST_LIBVIRT_SSH_UNTRUSTED='$way&command=$FALSE_SSH'"
  } >"$LIBVIRT_STATE/remote.env.new"
  mv "$LIBVIRT_STATE/remote.env.new" "$LIBVIRT_STATE/remote.env"
}

main
