#!/bin/bash
# eng/simulate.sh SEEDS [FIRST] | --seed SEED
#
#   SEEDS [FIRST]   runs that many seeds of the engine's simulation, from FIRST (default 1); stops at the fifth that fails
#   --seed SEED     runs one seed again and prints all that happens in it
#
# The exit code is 0 when every invariant held. What is simulated, and what is checked: tests/DurableTask.Simulation/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
(($# > 0)) || { sed -n '2,7s/^# \{0,1\}//p' eng/simulate.sh; exit 2; }

project=tests/DurableTask.Simulation
dotnet build "$project" -c Release -v q --nologo -clp:NoSummary >&2
exec "$project/bin/Release/net10.0/Heal.DurableTask.Simulation.Tests" "$@"
