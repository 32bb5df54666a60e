#!/bin/bash
# eng/older-worker.sh [COMMIT]
#
# Builds a worker process whose engine is this repository's as it was one migration of the hub ago (or at COMMIT), and prints the path of
# its assembly. Taken out of git are the engine and how it is built; the program around it is that of tests/DurableTask.Kills as it is now,
# because workers that share a hub have to run the same orchestrations. The last one that was built is kept in artifacts/older.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
HEAL_ENG=$PWD/eng
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"

MIGRATIONS=src/DurableTask/PostgreSql/Migrations
PROGRAM=(tests/DurableTask.Kills tests/Shared)

# whoever built the checkout need not own it
git() { command git -c safe.directory="$PWD" "$@"; }

older_commit() {
  local newest added
  newest=$(printf '%s\n' "$MIGRATIONS"/[0-9]*.sql | grep -v '\.down\.sql$' | sort | tail -n 1)
  added=$(git log --no-renames --diff-filter=A --format=%H -n 1 -- "$newest")
  if [[ -z $added ]]; then
    git rev-parse HEAD # the newest migration is not committed yet
  else
    git rev-parse --verify --quiet "$added^" || die "the commit before $added, which added $newest, is not here" \
      "The test of rolling upgrades builds it. This is a shallow clone: run 'git fetch --unshallow'."
  fi
}

git rev-parse --git-dir >/dev/null 2>&1 || die "$PWD is no git repository" \
  "The test of rolling upgrades builds an older commit: clone the repository with its history."
[[ $(git rev-parse --is-shallow-repository) == false ]] || die "$PWD is a shallow clone" \
  "The test of rolling upgrades builds an older commit: run 'git fetch --unshallow'."

commit=$(git rev-parse --verify "${1:-$(older_commit)}^{commit}")
program=$(find "${PROGRAM[@]}" \( -name bin -o -name obj \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
place=artifacts/older/${commit:0:12}-${program:0:12}
assembly=$PWD/$place/tests/DurableTask.Kills/bin/Release/net10.0/Heal.DurableTask.Kills.Tests.dll
if [[ ! -f $place/built ]]; then
  rm -rf artifacts/older && mkdir -p "$place"
  git archive "$commit" -- src eng '*.props' '*.targets' BannedSymbols.txt .editorconfig global.json | tar -x -C "$place"
  find "${PROGRAM[@]}" \( -name bin -o -name obj \) -prune -o -type f -print0 | tar -c --null -T - | tar -x -C "$place"
  dotnet build "$place/tests/DurableTask.Kills" -c Release -v q --disable-build-servers -p:RunAnalyzers=false \
    -p:GenerateDocumentationFile=false -clp:NoSummary >&2 || die "the engine of commit ${commit:0:12} could not be built" \
    "Its messages are above. When it does not know what tests/DurableTask.Kills asks of it: keep to what both have."
  touch "$place/built"
fi
echo "$assembly"
