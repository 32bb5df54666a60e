#!/bin/bash
# soak.sh [MINUTES] : the driver follows a private host for MINUTES (default 30) while its libvirtd is killed and started again
# every two minutes, and frozen for 30 s before that every ten minutes. One line a minute: threads (all, the driver's), open files, resident
# memory, CPU, connections made and lost, calls answered and refused. Starts a host of its own and stops it.
set -euo pipefail
export LIBVIRT_STATE=${LIBVIRT_STATE:-/var/lib/heal-lv-soak}
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
minutes=${1:-30}
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "the length is '$minutes', expected whole minutes"
FAIL=$HEAL_LIBVIRT/fail.sh

restart() {
  local round
  for ((round = 1; round <= minutes / 2; round++)); do
    sleep 120
    if ((round % 5 == 0)); then
      "$FAIL" freeze-daemon 1
      sleep 30
      "$FAIL" thaw-daemon 1
    fi
    "$FAIL" restart-daemon 1
  done
}

clean_up() {
  local job
  for job in $(jobs -rp); do kill "$job" 2>/dev/null || true; done
  "$HEAL_LIBVIRT/down.sh"
}

dotnet build "$HEAL_ENG/../bench/Libvirt" --configuration Release --verbosity quiet --nologo
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
uri=$("$HEAL_LIBVIRT/up.sh" 1)
restart &
dotnet run --no-build --configuration Release --project "$HEAL_ENG/../bench/Libvirt" -- soak --uri "$uri" --minutes "$minutes"
