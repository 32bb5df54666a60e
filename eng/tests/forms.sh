# shellcheck shell=bash disable=SC2154 # the options are parsed by test.sh
# The steps of test.sh: tools, services, build, the forms of the run, the closing line.

# finish_early WHAT WHAT_TO_DO: nothing could be run, which is a failure; the closing line says so too.
finish_early() {
  (die "$@") || true
  echo "0 passed, 1 failed"
  exit 1
}

check_tools() {
  command -v dotnet >/dev/null || finish_early "the .NET SDK is missing" "Install the .NET 10 SDK."
  [[ $(dotnet --version 2>/dev/null) == 10.* ]] ||
    finish_early "expected .NET SDK 10, got '$(dotnet --version 2>&1 | head -n 1)'" "global.json names the version."
  command -v npm >/dev/null || finish_early "Node is missing" "Install Node 20: Azurite comes from npm."
  (
    need_packages python3 shellcheck git libfaketime tzdata libvirt0 libxml2-utils
    # osinfo's data, programs that know FAT (for seeds of machines), promtool (for alert rules)
    need_packages osinfo-db dosfstools mtools prometheus
    # a client of management controllers, and one to talk to (ipmi_sim)
    need_packages ipmitool openipmi
    # any kubectl will do; Debian's is as old as the cluster that eng/kube builds from it
    command -v kubectl >/dev/null || need_packages kubernetes-client
  ) || finish_early "the Debian packages for the tests could not be installed" "Their messages are above."
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
}

# One state folder per checkout: two of them can be tested side by side.
start_services() {
  local base=/var/lib
  ((EUID == 0)) || base=${XDG_STATE_HOME:-$HOME/.local/state}
  SERVICES_STATE=$base/heal-test-$(pwd -P | sha256sum | cut -c1-8)
  "$HEAL_ENG/services.sh" up --state "$SERVICES_STATE" --throwaway ||
    finish_early "PostgreSQL and Azurite could not be started" "The reason is above."
  # shellcheck source=/dev/null
  source "$SERVICES_STATE/env"
  # a cluster of the user's is none of the tests' business
  unset KUBECONFIG
}

build() {
  say "restoring packages"
  dotnet restore Functions.sln -v q --disable-build-servers >"$RESULTS/restore.log" 2>&1 ||
    { tail -n 20 "$RESULTS/restore.log"; finish_early "dotnet restore failed" "The whole log: $RESULTS/restore.log"; }
  say "building Functions.sln, warnings are errors"
  # no build servers: a test run leaves no process behind
  local options=(-c Release --no-restore --disable-build-servers -warnaserror -v q -clp:NoSummary)
  dotnet build Functions.sln "${options[@]}" >"$RESULTS/build.log" 2>&1 ||
    { grep -E 'error|warn' "$RESULTS/build.log" | sort -u | head -n 30; finish_early "the build failed" "See $RESULTS/build.log"; }
  say "built"
}

# run_form NAME FILTER: every project that has such tests, a few at once, each with its own log and TRX file.
run_form() {
  local form=$1 filter=$2 project at_once=$PROJECTS_AT_ONCE
  # what one project does to the hosts, the next would feel: a frozen libvirtd is everybody's
  [[ $form != libvirt ]] || at_once=1
  [[ -z $extra_filter ]] || filter="($filter)&($extra_filter)"
  mkdir -p "$RESULTS/$form"
  for project in $(projects_of "$form"); do
    while (($(jobs -rp | wc -l) >= at_once)); do wait -n || true; done
    run_project "$form" "$filter" "$project" &
  done
  wait
  try_again "$form"
}

# try_again FORM: a few failed tests are run once more, alone, and reported as unsteady when they pass: docs/decisions/0019.
try_again() {
  local form=$1 name methods
  while IFS=$'\t' read -r name methods; do
    say "again, alone: $methods"
    timeout --kill-after=30s "$PROJECT_TIMEOUT" dotnet test "tests/$name" -c Release --no-build --filter "$methods" \
      --logger "trx;LogFileName=$name.again.trx" --results-directory "$RESULTS/$form" >"$RESULTS/$form/$name.again.log" 2>&1 </dev/null ||
      say "failed again, or could not be run: $RESULTS/$form/$name.again.log"
  done < <(python3 "$HEAL_ENG/tests/report.py" failed "$RESULTS/$form" "$SECOND_TRIES")
}

# A project with cluster or libvirt tests says so in its sources; starting all the others only to hear "no test matches" costs seconds each.
projects_of() {
  local project category
  category=$([[ $1 == cluster ]] && echo Cluster || echo Libvirt)
  # the longest first: started last, it would run alone at the end
  for project in $(printf '%s\n' tests/EndToEnd/*.csproj tests/*/*.csproj | awk '!seen[$0]++'); do
    if [[ $1 == plain ]] || grep -rqsF "[Trait(\"Category\", \"$category\")]" --include='*.cs' "${project%/*}"; then echo "$project"; fi
  done
}

run_project() {
  local form=$1 filter=$2 project=$3 name began=$SECONDS code=0 hangs_after=$HANG_TIMEOUT
  [[ $form != cluster ]] || hangs_after=$CLUSTER_HANG_TIMEOUT
  [[ $form != libvirt ]] || hangs_after=$LIBVIRT_HANG_TIMEOUT
  name=$(basename "$project" .csproj)
  timeout --kill-after=30s "$PROJECT_TIMEOUT" dotnet test "$project" -c Release --no-build --filter "$filter" \
    --logger "trx;LogFileName=$name.trx" --results-directory "$RESULTS/$form" --blame-hang-timeout "$hangs_after" \
    --blame-hang-dump-type none >"$RESULTS/$form/$name.log" 2>&1 || code=$?
  echo "$code" >"$RESULTS/$form/$name.exit"
  say "$(python3 "$HEAL_ENG/tests/report.py" project "$RESULTS/$form/$name"), $((SECONDS - began)) s"
}

# without_set_up FORM: what it needs is not there. That is a failed form; the others have run and are reported.
without_set_up() {
  mkdir -p "$RESULTS/$1"
  echo "The set-up of form '$1' failed: the reason is in the output of test.sh. None of its tests ran." >"$RESULTS/$1/set-up.log"
  echo 1 >"$RESULTS/$1/set-up.exit"
}

# False, with a message, when there is no cluster.
start_cluster() {
  { "$HEAL_ENG/kube/build.sh" && "$HEAL_ENG/kube/packages.sh"; } || return
  HEAL_TEST_KUBECONFIG=$(source "$HEAL_ENG/kube/env.sh" && echo "$KUBECONFIG")
  export HEAL_TEST_KUBECONFIG
  if KUBECONFIG=$HEAL_TEST_KUBECONFIG kubectl get --raw /readyz --request-timeout=5s >/dev/null 2>&1; then
    say "a cluster runs already and is used; it stays when the tests are over"
  else
    CLUSTER_IS_OURS=yes
    "$HEAL_ENG/kube/up.sh" 3
  fi
}

stop_cluster() {
  [[ ${CLUSTER_IS_OURS:-no} == yes ]] || return 0
  CLUSTER_IS_OURS=no
  "$HEAL_ENG/kube/down.sh"
}

# Two hosts of this checkout's own, one that is reached as another machine is, and one that asks polkit: nobody else's guests are touched.
# False, with a message, when there are none.
start_libvirt() {
  local base=/var/lib
  ((EUID == 0)) || base=${XDG_STATE_HOME:-$HOME/.local/state}
  LIBVIRT_STATE=$base/heal-lv-$(pwd -P | sha256sum | cut -c1-8)
  export LIBVIRT_STATE
  LIBVIRT_IS_OURS=yes
  "$HEAL_ENG/libvirt/down.sh" && "$HEAL_ENG/libvirt/up.sh" 2 >/dev/null && "$HEAL_ENG/libvirt/remote.sh" >/dev/null &&
    "$HEAL_ENG/libvirt/guarded.sh" >/dev/null || return
  local made
  for made in env remote.env guarded.env; do
    # shellcheck source=/dev/null
    source "$LIBVIRT_STATE/$made"
  done
}

stop_libvirt() {
  [[ ${LIBVIRT_IS_OURS:-no} == yes ]] || return 0
  LIBVIRT_IS_OURS=no
  "$HEAL_ENG/libvirt/down.sh"
}

summarise() {
  python3 "$HEAL_ENG/tests/report.py" run "$RESULTS"
}

# Whatever ended the script: stop what it started, and keep the exit code.
clean_up() {
  local code=$? job tree=()
  trap '' INT TERM
  for job in $(jobs -rp); do mapfile -t -O "${#tree[@]}" tree < <(tree_of "$job"); done
  disown -a # their ends need no message
  if ((${#tree[@]})); then kill -s KILL "${tree[@]}" 2>/dev/null || true; fi
  stop_cluster >/dev/null || true
  stop_libvirt >/dev/null || true
  if [[ -n ${SERVICES_STATE:-} ]]; then "$HEAL_ENG/services.sh" down --state "$SERVICES_STATE" --purge >/dev/null || true; fi
  exit "$code"
}

# tree_of PID: the process and all below it. A child hangs on the thread that started it, so every thread is asked.
tree_of() {
  local child
  echo "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null || true); do tree_of "$child"; done
}
