#!/bin/bash
# guarded.sh : one more private libvirt host, on which polkit says who may do what: real refusals, by the socket's authentication and by
# libvirt's access control. Its number is 8; `down.sh` ends it with the others. In its namespaces run a bus and a polkitd of its own, with
# the actions of Debian's package (unpacked, not installed). Three accounts, known to this host alone: 64101 may nothing, 64102 may
# everything but start domains, 64103 everything. What it makes is named in $LIBVIRT_STATE/guarded.env.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
NUMBER=8
FOLDER=$(host_folder $NUMBER)
POLKIT=$FOLDER/polkit

main() {
  need_packages polkitd dbus-daemon util-linux
  mkdir -p "$PIDS" "$LOGS" "$GUESTS" "$UNPACKED"
  hold_packages
  unpack libvirt-daemon-system
  trap undo_start EXIT
  configure $NUMBER 'auth_unix_rw = "polkit"' 'unix_sock_rw_perms = "0777"' 'access_drivers = [ "polkit" ]'
  rules
  open_host $NUMBER --net
  local user
  for user in none:64101 some:64102 all:64103; do
    echo "heal-${user%:*}:x:${user#*:}:65534::/nonexistent:/usr/sbin/nologin" >>"$FOLDER/passwd"
  done
  in_host $NUMBER mount --bind "$POLKIT/actions" /usr/share/polkit-1/actions
  in_host $NUMBER mount --bind "$POLKIT/rules" /etc/polkit-1/rules.d
  inside dbus dbus-daemon --system --nofork --nopidfile
  wait_until 10 test -S "$FOLDER/run/dbus/system_bus_socket" || failed dbus
  inside polkit /usr/lib/polkit-1/polkitd
  wait_until 10 grep -q 'Acquired the name' "$LOGS/host$NUMBER-polkit.log" || failed polkit
  inside libvirtd /usr/sbin/libvirtd -f /etc/libvirt/libvirtd.conf
  wait_until 20 answers_all || failed libvirtd
  echo "export HEAL_TEST_LIBVIRT_GUARDED='$(host_uri $NUMBER)'" >"$LIBVIRT_STATE/guarded.env"
  trap - EXIT
  cat "$LIBVIRT_STATE/guarded.env"
}

inside() { start_daemon "host$NUMBER-$1" nsenter -t "$(daemon_pid "host$NUMBER-virtlogd")" -m -n -u "${@:2}"; }
failed() { die "$1 of host $NUMBER did not start in time" "$(tail -n 5 "$LOGS/host$NUMBER-$1.log")"; }

# root is let in by nobody here: the account that may everything is
answers_all() {
  timeout 5 setpriv --reuid 64103 --regid 65534 --clear-groups virsh -q -c "$(host_uri $NUMBER)" uri >/dev/null 2>&1
}

rules() {
  mkdir -p "$POLKIT"/{actions,rules} "$FOLDER/run/dbus"
  cp "$UNPACKED/libvirt-daemon-system/usr/share/polkit-1/actions"/org.libvirt.* "$POLKIT/actions/"
  cat >"$POLKIT/rules/10-heal.rules" <<'R'
polkit.addRule(function(action, subject) {
  if (action.id.indexOf("org.libvirt.") != 0) return polkit.Result.NOT_HANDLED;
  if (subject.user == "heal-all") return polkit.Result.YES;
  if (subject.user == "heal-some") {
    return action.id == "org.libvirt.api.domain.start" ? polkit.Result.NO : polkit.Result.YES;
  }
  return polkit.Result.NOT_HANDLED;
});
R
}

main
