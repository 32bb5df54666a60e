#!/bin/bash
# ./start.sh [--no-demo] [--port N] [--state DIR] [--help]
#
# Sets up what is missing, starts a private PostgreSQL and Azurite, the Kubernetes simulator and the function app, then shows one
# incident from alert to healed. Everything keeps running until Ctrl-C, which stops all that this script started; the data stays.
#
#   --no-demo        starts everything, breaks nothing
#   --port N         the function app's port on 127.0.0.1 (default 7071)
#   --state DIR      where data, keys and logs live (default /var/lib/heal for root, else ~/.local/state/heal)
#   KUBECONFIG       set: that cluster instead of the simulator. No demo, because the demo breaks a workload, and nothing in the cluster is
#                    changed until a namespace or workload of it is put in scope (docs/operating/incidents.md)
#   HEAL_POSTGRES    set: that database (an Npgsql connection string) instead of a private one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
HEAL_ENG=$PWD/eng
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"
# shellcheck source=eng/start/app.sh
source "$HEAL_ENG/start/app.sh"
# shellcheck source=eng/demo.sh
source "$HEAL_ENG/demo.sh"

demo=yes APP_PORT=7071 STATE=/var/lib/heal
((EUID == 0)) || STATE=${XDG_STATE_HOME:-$HOME/.local/state}/heal
while (($#)); do
  case $1 in
    --no-demo) demo=no ;;
    --port) APP_PORT=${2:-} && shift $(($# > 1)) ;;
    --state) [[ -n ${2:-} ]] || die "--state expects a folder" && STATE=$(realpath -m "$2") && shift ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit ;;
    *) die "unknown option '$1'" "Known: --no-demo, --port N, --state DIR, --help." ;;
  esac
  shift
done
APP_URL=http://127.0.0.1:$APP_PORT
PIDS=$STATE/pids LOGS=$STATE/logs

printf '%sHeal%s  alerts in, healed workloads out. State, keys and logs: %s\n' "$BOLD" "$PLAIN" "$STATE"
check_prerequisites
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_services
build_app
start_target
start_app
if [[ $demo == yes && $TARGET == simulator ]]; then run_demo; fi
print_addresses
wait_for_end
