#!/bin/bash
# samples/run.sh NAME [--port N] [--state DIR]
#
# Runs one of the sample apps: starts a private PostgreSQL (and Azurite), builds, starts the app in the foreground and says what to try
# in another terminal. Ctrl-C stops all that this script started; the data stays, so the next start goes on where this one ended.
#
#   NAME          HelloSequence, FanOut or Approval
#   --port N      the app's port on 127.0.0.1 (default 7071)
#   --state DIR   where data and keys live (default /var/lib/heal-samples for root, else ~/.local/state/heal-samples)
set -euo pipefail
SAMPLES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HEAL_ENG=$SAMPLES/../eng
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"

# what to type while NAME runs on $1
hints() {
  case $name in
    HelloSequence)
      echo "curl -X POST $1/api/HelloCities_HttpStart"
      echo "curl 'ADDRESS'    # StatusQueryGetUri of the answer, with & for each \\u0026, which is JSON's way to write it"
      ;;
    FanOut) echo "curl $1/api/count-words -d '[\"to be or not to be\", \"that is the question\"]'" ;;
    Approval)
      echo "curl $1/api/expenses --json '{\"purpose\": \"travel\", \"amount\": 120}'"
      echo "curl $1/api/expenses/ID"
      echo "curl $1/api/expenses/ID/decision --json '{\"approved\": true}'"
      ;;
  esac
}

name='' port=7071 state=/var/lib/heal-samples
((EUID == 0)) || state=${XDG_STATE_HOME:-$HOME/.local/state}/heal-samples
while (($#)); do
  case $1 in
    --port) port=${2:?--port needs a number} && shift ;;
    --state) state=$(realpath -m "${2:?--state needs a folder}") && shift ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit ;;
    -*) die "unknown option '$1'" "Known: --port N, --state DIR, --help." ;;
    *) name=$1 ;;
  esac
  shift
done
[[ -n $name && -f $SAMPLES/$name/$name.csproj ]] ||
  die "there is no sample '$name'" "Known: $(cd "$SAMPLES" && printf '%s ' */ | tr -d /)"
if port_is_open "$port"; then die "port $port on 127.0.0.1 is taken" "Choose another one: samples/run.sh $name --port N"; fi

if "$HEAL_ENG/services.sh" status --state "$state" >/dev/null 2>&1; then
  say "the services run already in $state; they stay when this script ends"
else
  trap '"$HEAL_ENG/services.sh" down --state "$state"' EXIT
  trap 'exit 143' TERM
fi
"$HEAL_ENG/services.sh" up --state "$state"
# shellcheck disable=SC1091 # written by services.sh
source "$state/env"
say "building samples/$name"
dotnet build "$SAMPLES/$name" --configuration Release --verbosity quiet --nologo -clp:NoSummary

say "starting; try in another terminal:"
hints "http://127.0.0.1:$port" | sed 's/^/             /'
cd "$SAMPLES/$name" # host.json is read from here
export DURABLE_POSTGRES=$HEAL_POSTGRES HEAL_STATE=$state/$name
trap : INT # the app ends on it, then this script
dotnet run --no-build --configuration Release -- --urls "http://127.0.0.1:$port"
