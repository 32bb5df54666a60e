#!/bin/bash
# eng/soak.sh [MINUTES]
#
# Measures how many orchestrations per second two workers on a PostgreSQL of its own can do, then runs half as many for 30 minutes (or as
# long as it is told). After the first 5 minutes (or a third) what the workers hold after a collection may grow by 5 %, all of their
# memory, which the collector lets swing, by a quarter, and the tables, whose ended instances are purged all the time, by half. The exit
# code is 0 when that held and every orchestration ended as it must.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

project=tests/DurableTask.Kills
dotnet build "$project" -c Release -v q --nologo -clp:NoSummary >&2
exec dotnet "$project/bin/Release/net10.0/Heal.DurableTask.Kills.Tests.dll" soak "${1:-30}"
