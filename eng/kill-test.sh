#!/bin/bash
# eng/kill-test.sh [ORCHESTRATIONS [KILLS [SEED]]]
# eng/kill-test.sh --programs [PROGRAMS [KILLS [SEED]]]
#
# The whole kill test: three worker processes on a PostgreSQL of its own (default durability), workers killed with SIGKILL at random,
# PostgreSQL crashed after every twentieth kill. By default 10,000 orchestrations and 500 kills. The exit code is 0 when every
# orchestration ended as it must, no side effect is missing, and none happened more often than the kills explain.
#
# --programs runs generated programs instead of the fixed ones: those of the simulation (tests/DurableTask.Simulation/README.md), with
# times of milliseconds, over the real hub. By default 3,000 programs and 150 kills, a crash of PostgreSQL after every tenth; now and then a
# worker drains and restarts, or stands still for longer than its lease. Half of the programs start in a worker's own memory. Everything
# has to come to what the model says: status, output, custom status, sub-orchestrations, entities; histories are well formed and replay
# to what is stored; nothing is left over in inbox and activities; activities ran at least as often as scheduled, and no more often than the
# faults explain. A failure prints the command that runs the same programs again. The seed draws programs and faults, not what meets what:
# that is up to real processes, so the same seed may pass the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

form=kill orchestrations=10000 kills=500
if [[ ${1:-} == --programs ]]; then
  form=kill-programs orchestrations=3000 kills=150
  shift
fi

project=tests/DurableTask.Kills
dotnet build "$project" -c Release -v q --nologo -clp:NoSummary >&2
exec dotnet "$project/bin/Release/net10.0/Heal.DurableTask.Kills.Tests.dll" "$form" "${1:-$orchestrations}" "${2:-$kills}" "${3:-$RANDOM}"
