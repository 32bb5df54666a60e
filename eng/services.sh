#!/bin/bash
# A private PostgreSQL and a private Azurite for one state folder, on free ports of 127.0.0.1.
#
#   eng/services.sh up [--state DIR] [--throwaway] [--without-postgres]    start what does not run; write DIR/env
#   eng/services.sh down [--state DIR] [--purge]                           stop what was started; --purge removes the data too
#   eng/services.sh status [--state DIR]                                   exit code 0 when all of it runs
#
# DIR/env is for `source`: HEAL_POSTGRES, HEAL_TEST_POSTGRES (a superuser), HEAL_TEST_AZURITE, AzureWebJobsStorage, and
# HEAL_TEST_AZURITE_HOME (where Azurite is installed, for tests that start one of their own).
# Default DIR: /var/lib/heal for root, because PostgreSQL refuses to run as root and its user cannot enter /root;
# ${XDG_STATE_HOME:-~/.local/state}/heal for everybody else. --throwaway: no fsync, for tests that need no power-failure safety.
set -euo pipefail
HEAL_ENG=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"
# shellcheck source=eng/services/postgres.sh
source "$HEAL_ENG/services/postgres.sh"
# shellcheck source=eng/services/azurite.sh
source "$HEAL_ENG/services/azurite.sh"

main() {
  local verb=${1:-} with_postgres=yes purge=no
  THROWAWAY=no
  STATE=$(default_state)
  (($#)) && shift
  while (($#)); do
    case $1 in
      --state) STATE=$(realpath -m "${2:?--state needs a folder}") && shift ;;
      --throwaway) THROWAWAY=yes ;;
      --without-postgres) with_postgres=no ;;
      --purge) purge=yes ;;
      *) die "unknown option '$1'" "Known: --state DIR, --throwaway, --without-postgres, --purge." ;;
    esac
    shift
  done
  PIDS=$STATE/pids LOGS=$STATE/logs
  case $verb in
    up) up "$with_postgres" ;;
    down) down "$purge" ;;
    status) status ;;
    *) die "unknown command '$verb'" "Usage: eng/services.sh up|down|status [--state DIR]; the head of the script explains the options." ;;
  esac
}

default_state() {
  if ((EUID == 0)); then echo /var/lib/heal; else echo "${XDG_STATE_HOME:-$HOME/.local/state}/heal"; fi
}

up() {
  # 0711: PostgreSQL's user passes through to its own folder; what is secret has a mode of its own
  mkdir -p "$STATE" "$PIDS" "$LOGS"
  chmod 711 "$STATE"
  chmod 700 "$PIDS" "$LOGS"
  exec 9>"$STATE/lock"
  flock -w 120 9 || die "another eng/services.sh has held $STATE/lock for two minutes"

  trap undo_start EXIT
  if [[ $1 == yes ]]; then postgres_prepare; fi
  azurite_start # takes longest, so first: it comes up while PostgreSQL does
  if [[ $1 == yes ]]; then
    postgres_start
    postgres_wait
  fi
  azurite_wait
  write_env "$1"
  trap - EXIT
}

# A start that failed half-way leaves nothing running.
undo_start() {
  local name
  for name in "${STARTED[@]}"; do stop_daemon "$name" INT; done
}

write_env() {
  local storage
  storage=$(azurite_connection)
  (
    umask 077
    {
      echo "# Written by eng/services.sh up. Use: source $STATE/env"
      if [[ $1 == yes ]]; then
        echo "export HEAL_POSTGRES='$(postgres_connection heal heal)'"
        echo "export HEAL_TEST_POSTGRES='$(postgres_connection postgres postgres)'"
      fi
      echo "export HEAL_TEST_AZURITE='$storage'"
      echo "export HEAL_TEST_AZURITE_HOME='$(azurite_folder)'"
      echo "export AzureWebJobsStorage='$storage'"
    } >"$STATE/env.new"
  )
  mv "$STATE/env.new" "$STATE/env"
  say "connection strings: $STATE/env"
}

down() {
  [[ -d $STATE ]] || { say "nothing runs in $STATE" && return; }
  exec 9>"$STATE/lock"
  flock -w 120 9 || die "another eng/services.sh has held $STATE/lock for two minutes"
  local name
  for name in azurite postgres; do
    if is_running "$name"; then say "stopping $name"; fi
  done
  stop_daemon azurite
  stop_daemon postgres INT 30 # PostgreSQL's fast shutdown: end the sessions, write a checkpoint
  rm -f "$STATE/env"
  if [[ $1 == yes ]]; then
    # only what these scripts made: somebody may have named a folder that holds more
    rm -rf "${STATE:?}"/{postgres,azurite,pids,logs,lock}
    rmdir --ignore-fail-on-non-empty "$STATE"
    say "removed the data in $STATE"
  fi
}

status() {
  local name pid all=0
  for name in postgres azurite; do
    if pid=$(daemon_pid "$name"); then
      echo "$name runs (pid $pid, port $(cat "$STATE/$name/port"))"
    else
      echo "$name does not run in $STATE" && all=1
    fi
  done
  return $all
}

main "$@"
