#!/bin/bash
# eng/kill-test.sh [ORCHESTRATIONS [KILLS [SEED]]]
#
# The whole kill test: three worker processes on a PostgreSQL of its own (default durability), workers killed with SIGKILL at random,
# PostgreSQL crashed after every twentieth kill. By default 10,000 orchestrations and 500 kills. The exit code is 0 when every
# orchestration ended as it must, no side effect is missing, and none happened more often than the kills explain.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

project=tests/DurableTask.Kills
dotnet build "$project" -c Release -v q --nologo -clp:NoSummary >&2
exec dotnet "$project/bin/Release/net10.0/Heal.DurableTask.Kills.Tests.dll" kill "${1:-10000}" "${2:-500}" "${3:-$RANDOM}"
