# shellcheck shell=bash disable=SC2034,SC2153 # start.sh sets STATE, PIDS and LOGS and reads TARGET
# The steps of start.sh: prerequisites, services, build, target cluster, function app, end.

READY_TIMEOUT=60 # seconds in which the simulator and the function app must be ready

check_prerequisites() {
  command -v dotnet >/dev/null || die "the .NET SDK is missing" "Install the .NET 10 SDK."
  [[ $(dotnet --version 2>/dev/null) == 10.* ]] ||
    die "expected .NET SDK 10, got '$(dotnet --version 2>&1 | head -n 1)'" "global.json names the version."
  command -v npm >/dev/null || die "Node is missing" "Install Node 20: Azurite comes from npm."
  need_packages curl python3 tzdata # tzdata: the zones of WEBSITE_TIME_ZONE
  [[ $APP_PORT =~ ^[1-9][0-9]{0,4}$ && $APP_PORT -le 65535 ]] || die "--port expects a number from 1 to 65535, got '$APP_PORT'"
  if [[ -n ${KUBECONFIG:-} ]]; then check_cluster; fi
  check_port
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en HEAL_STARTED
}

check_port() {
  port_is_open "$APP_PORT" || return 0
  die "port $APP_PORT on 127.0.0.1 is taken" "Stop what listens there, or choose another one: ./start.sh --port N"
}

# Before anything is started. Any answer will do, a refusal too: the app has the credentials, this has not.
check_cluster() {
  local file server servers=() files=()
  IFS=: read -ra files <<<"$KUBECONFIG"
  for file in "${files[@]}"; do
    [[ -r $file ]] || die "KUBECONFIG names '$file', which cannot be read" "Correct it, or unset KUBECONFIG for the simulator."
    mapfile -t -O "${#servers[@]}" servers < <(grep -oE '"?server"?: *"?https?://[^", ]+' "$file" | grep -oE 'https?://.*')
  done
  ((${#servers[@]})) || die "KUBECONFIG=$KUBECONFIG names no server" "Is it a kubeconfig?"
  for server in "${servers[@]}"; do
    if curl -sk -o /dev/null --max-time 5 "$server/version"; then return; fi
  done
  die "no API server of KUBECONFIG=$KUBECONFIG answers: ${servers[*]}" "Start the cluster, or unset KUBECONFIG for the simulator."
}

start_services() {
  local own_database=${HEAL_POSTGRES:-} options=(--state "$STATE")
  if [[ -n $own_database ]]; then
    say "using the database of HEAL_POSTGRES"
    options+=(--without-postgres)
  fi
  if "$HEAL_ENG/services.sh" status --state "$STATE" >/dev/null 2>&1; then
    say "PostgreSQL and Azurite run already in $STATE; they stay when this script ends"
  else
    SERVICES_ARE_OURS=yes
  fi
  "$HEAL_ENG/services.sh" up "${options[@]}"
  # shellcheck source=/dev/null
  source "$STATE/env"
  if [[ -n $own_database ]]; then export HEAL_POSTGRES=$own_database; fi
  # tests read these, the app does not
  unset HEAL_TEST_POSTGRES HEAL_TEST_AZURITE HEAL_TEST_AZURITE_HOME
}

# Into a folder of its own: neither a developer's build nor a test run replaces the files of an app that runs, and this build may
# leave out the analyzers, which are the tests' business, and compile to machine code (eng/MachineCode.targets). The simulator is built
# along, as a reference of the app.
# One compiler process for all projects makes it three times as fast; it has a name of its own, so that we end ours and no other.
build_app() {
  local log=$LOGS/build.log
  COMPILER=heal-start-$$-$EPOCHSECONDS
  say "building (the first time restores the packages, too)"
  dotnet build src/Functions/Functions.csproj -c Release --artifacts-path "$PWD/artifacts/start" -p:RunAnalyzers=false \
    -p:EnforceCodeStyleInBuild=false -p:UseSharedCompilation=true -p:SharedCompilationId="$COMPILER" -nodeReuse:false \
    -p:CompilesToMachineCode=true \
    -v q -clp:NoSummary >"$log" 2>&1 ||
    { grep -E 'error' "$log" | sort -u | head -n 20; die "src/Functions does not build" "The whole log: $log"; }
  stop_compiler
  BUILT=$PWD/artifacts/start/bin
}

stop_compiler() {
  local process
  [[ -n ${COMPILER:-} ]] || return 0
  for process in /proc/[0-9]*; do
    if grep -qsza -- "-pipename:$COMPILER" "$process/cmdline"; then kill "${process#/proc/}" 2>/dev/null || true; fi
  done
}

# The cluster that is healed: the user's, or the simulator.
start_target() {
  if [[ -n ${KUBECONFIG:-} ]]; then
    TARGET=cluster
    say "the cluster of KUBECONFIG=$KUBECONFIG is the target; no demo there, and nothing is changed without a scope"
    return
  fi
  TARGET=simulator
  # Every start is a new cluster: incidents and cool-downs of the last one's targets must not count for this one's.
  export Heal__Cluster=simulator-$EPOCHSECONDS
  # No monitoring calls it so: whatever alert is tried out on it is about it.
  export Heal__Alerts__ClusterLabel=
  # The healer only observes unless it is told otherwise: in the simulator's demo namespace it may act.
  export Heal__Scope__demo=Act
  SIMULATOR_URL=http://127.0.0.1:$(free_port)
  export KUBECONFIG=$STATE/simulator.kubeconfig
  rm -f "$KUBECONFIG"
  say "starting the Kubernetes simulator on $SIMULATOR_URL"
  (umask 077 && : >"$KUBECONFIG")
  run_in_background simulator dotnet "$BUILT/Simulator/release/Heal.Simulator.dll" \
    --urls "$SIMULATOR_URL" --seed demo --write-kubeconfig "$KUBECONFIG"
  wait_for_ready simulator "$SIMULATOR_URL/readyz"
}

# The keys of the app that is started here: made once, readable for their owner only, and given to the app as settings. Keys that the app
# makes itself it keeps as hashes, and could tell neither the demo nor you again.
prepare_keys() {
  local old=$STATE/app/host-keys.json
  export HEAL_KEYS=$STATE/keys.json
  # before keys were hashed, the app kept its own in the same form
  if [[ ! -f $HEAL_KEYS && -f $old ]] && grep -q '"master"' "$old"; then mv "$old" "$HEAL_KEYS"; fi
  if [[ ! -f $HEAL_KEYS ]]; then
    (umask 077 && printf '{ "master": "%s",\n  "host": { "default": "%s" },\n  "system": { "durabletask_extension": "%s" } }\n' \
      "$(new_key)" "$(new_key)" "$(new_key)" >"$HEAL_KEYS.new")
    mv "$HEAL_KEYS.new" "$HEAL_KEYS"
  fi
  : "${AzureFunctionsKeys__master=$(key_of master)}"
  : "${AzureFunctionsKeys__host__default=$(key_of host default)}"
  : "${AzureFunctionsKeys__system__durabletask_extension=$(key_of system durabletask_extension)}"
  export AzureFunctionsKeys__master AzureFunctionsKeys__host__default AzureFunctionsKeys__system__durabletask_extension
}
new_key() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
key_of() {
  python3 -c 'import functools, json, sys
print(functools.reduce(dict.get, sys.argv[2:], json.load(open(sys.argv[1]))))' "$HEAL_KEYS" "$@"
}

start_app() {
  check_port # again: somebody may have taken it during the build, and would answer in the place of our app
  say "starting the function app on $APP_URL"
  export HEAL_STATE=$STATE/app
  prepare_keys
  run_in_background app dotnet "$BUILT/Functions/release/Heal.Functions.dll" --urls "$APP_URL"
  wait_for_ready app "$APP_URL/readyz"
}

run_in_background() {
  : >"$LOGS/$1.log"
  if is_running "$1"; then die "$1 runs already in $STATE" "Another ./start.sh uses it; choose another folder with --state DIR."; fi
  start_daemon "$@"
}

# The answer of /readyz names what is missing: it is the best explanation there is.
wait_for_ready() {
  local name=$1 url=$2
  wait_until "$READY_TIMEOUT" ready_or_ended "$name" "$url" && is_running "$name" && return
  is_running "$name" || die "$name ended while it started" "$(last_words "$name")" "Its log: $LOGS/$name.log"
  die "$name is not ready after $READY_TIMEOUT s" "$url says: $(curl -s --max-time 2 "$url" || echo nothing)" "Its log: $LOGS/$name.log"
}
# What a process said when it died: the exception without its stack, else its last lines.
last_words() {
  local words
  words=$(sed -n '/^Unhandled exception/,$p' "$LOGS/$1.log" | sed '/^ *\(at \|--- \|---> \)/,$d' |
    sed 's/^Unhandled exception\. [A-Za-z.]*: //' | head -n 20)
  if [[ -n $words ]]; then echo "$words"; else tail -n 5 "$LOGS/$1.log"; fi
}
ready_or_ended() { is_stopped "$1" || curl -sf -o /dev/null --max-time 2 "$2"; }

print_addresses() {
  local simulator=''
  if [[ $TARGET == simulator ]]; then simulator=$'\n'"  simulator, and its faults   $SIMULATOR_URL/simulator/faults"; fi
  cat <<TEXT

${GREEN}${BOLD}Everything runs.${PLAIN}
  alerts (Alertmanager)       $APP_URL/api/alerts?code=KEY
  incidents                   $APP_URL/api/incidents?code=KEY
  management API              $APP_URL/runtime/webhooks/durabletask/instances?code=SYSTEM_KEY
  health                      $APP_URL/readyz
  keys                        $HEAL_KEYS${simulator}
  cluster                     KUBECONFIG=$KUBECONFIG
  logs                        $LOGS
${DIM}Ctrl-C stops all that was started here; the data stays in $STATE.${PLAIN}
TEXT
}

# Until Ctrl-C, or until a part ends by itself, which is an error to be told.
wait_for_end() {
  local name
  while true; do
    for name in "${STARTED[@]}"; do
      is_running "$name" || die "$name has ended" "$(last_words "$name")" "Its log: $LOGS/$name.log"
    done
    sleep 1 &
    wait $! # a builtin, so that Ctrl-C is acted upon at once
  done
}

stop_all() {
  local code=$? index
  trap '' INT TERM
  echo
  stop_compiler
  for ((index = ${#STARTED[@]} - 1; index >= 0; index--)); do
    say "stopping ${STARTED[index]}"
    stop_daemon "${STARTED[index]}" TERM 30 # the app drains: it ends the steps that it has begun
  done
  if [[ ${SERVICES_ARE_OURS:-no} == yes ]]; then "$HEAL_ENG/services.sh" down --state "$STATE"; fi
  exit "$code"
}
