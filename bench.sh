#!/bin/bash
# ./bench.sh [--host] [--quick] [--json FILE] [BENCHMARK...] | --proof
#
# Measures the durable task engine on a private PostgreSQL with fsync on: sets it up, builds, runs, prints a table, writes the figures as
# JSON (default: bench-results.json), removes what it set up. Without names all benchmarks run: floor seq5 fan100 event timer10k long
# intake recover million (5 to 15 minutes; --quick about 2). With --host it measures the function host and Heal's intake instead: http
# queue start first intake users (about 10 minutes; bench-results-host.json). bench/README.md says what each one is.
#
# --proof runs the full proofs of the engine instead, which need no set-up: the simulation, both kill tests, the soak (several hours). All
# of them run, whatever fails; the exit code is 0 when all hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
HEAL_ENG=$PWD/eng
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"

if [[ ${1:-} == --proof ]]; then
  (($# == 1)) || die "--proof takes nothing else" "Expected: ./bench.sh --proof"
  failed=()
  for proof in "simulate.sh 100000" "kill-test.sh" "kill-test.sh --programs" "soak.sh"; do
    say "eng/$proof"
    read -ra words <<<"$proof"
    "$HEAL_ENG/${words[0]}" "${words[@]:1}" || failed+=("eng/$proof")
  done
  ((${#failed[@]} == 0)) || die "not proven: ${failed[*]}" "What each printed says how to run it again."
  say "proven"
  exit 0
fi

clean_up() { "$HEAL_ENG/services.sh" down --state "$STATE" --purge >/dev/null; }

project=DurableTask results=bench-results.json arguments=()
for argument in "$@"; do
  if [[ $argument == --host ]]; then project=FunctionsWorker results=bench-results-host.json; else arguments+=("$argument"); fi
done
[[ " $* " == *" --json "* ]] || arguments+=(--json "$PWD/$results")
if ((EUID == 0)); then STATE=/var/lib/heal-bench-$$; else STATE=${XDG_STATE_HOME:-$HOME/.local/state}/heal-bench-$$; fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "building"
dotnet build "bench/$project" --configuration Release --verbosity quiet --nologo
"$HEAL_ENG/services.sh" up --state "$STATE"
# shellcheck disable=SC1091 # written by services.sh
source "$STATE/env"
dotnet run --no-build --configuration Release --project "bench/$project" -- "${arguments[@]}"
