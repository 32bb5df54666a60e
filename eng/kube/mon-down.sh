#!/bin/bash
# mon-down.sh : stops the monitoring that mon-up.sh started; its data stays until down.sh.
set -uo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
[[ -d $RUN ]] || exit 0
stop prometheus alertmanager state-metrics
