#!/bin/bash
# install-packages.sh NAME... : Debian packages without side effects: no daemon starts, none is enabled at boot, and PostgreSQL's
# package makes no cluster of its own. Needs root. Called by need_packages in lib.sh.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
cluster_rule=/etc/postgresql-common/createcluster.d/heal-no-cluster.conf
undo() {
  [[ -z ${made_policy:-} ]] || rm -f "$policy"
  [[ -z ${made_rule:-} ]] || rm -f "$cluster_rule"
}
trap undo EXIT
if [[ ! -e $policy ]]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
if [[ $* == *postgresql* && ! -e $cluster_rule ]]; then
  made_rule=yes
  mkdir -p "${cluster_rule%/*}"
  echo 'create_main_cluster = false' >"$cluster_rule"
fi

installed() { dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p' | sort -u; }
install() { apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends "$@" >"$log" 2>&1; }
log=$(mktemp)
before=$(installed)
if ! install "$@"; then # most often the package lists are missing or old
  apt-get -o DPkg::Lock::Timeout=300 -qq update || true
  install "$@" || { tail -n 20 "$log" >&2 && exit 1; }
fi
rm -f "$log"

command -v systemctl >/dev/null || exit 0
comm -13 <(echo "$before") <(installed) | while read -r package; do
  # `|| true`: a package without units, or a container without systemd, has nothing to disable
  dpkg -L "$package" | sed -n 's#^\(/usr\)\?/lib/systemd/system/\([^/@]*\.\(service\|socket\|timer\)\)$#\2#p' |
    xargs -r systemctl disable --quiet 2>/dev/null || true
done
