#!/usr/bin/env bash
# Writes deploy/kubernetes/roles.yaml and the lists of actions in docs/kubernetes.md and docs/libvirt-actions.md
# from what the actions declare.
#   eng/actions.sh
set -euo pipefail
cd "$(dirname "$0")/.."
HEAL_WRITE_ACTIONS=1 exec dotnet test tests/Activities -c Release --filter "FullyQualifiedName~ActionReferenceTests"
