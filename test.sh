#!/bin/bash
# ./test.sh [--cluster | --libvirt | --all] [--filter EXPRESSION]
#
#   (nothing)    every test that needs neither of them: sets up PostgreSQL and Azurite, builds, runs
#   --cluster    builds (once) and starts a real three-node Kubernetes, runs the tests of Category=Cluster on it, stops it
#   --libvirt    fetches (once) a guest's kernels, starts two private libvirt hosts with QEMU, runs the tests of Category=Libvirt on real
#                guests (emulated: no KVM needed), stops them. Needs root
#   --all        all three
#   --filter     passed on to `dotnet test`, on top of the form's own filter
#
# The last line is "N passed, N failed". The exit code is 0 only when something passed and nothing failed; a skipped test, a crashed or
# hung test host and a run without tests count as failed. A test that fails is run once more, alone; when it passes then, it is reported as
# UNSTEADY. Everything that the run started is stopped at its end, on Ctrl-C too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
HEAL_ENG=$PWD/eng
# shellcheck source=eng/lib.sh
source "$HEAL_ENG/lib.sh"
# shellcheck source=eng/tests/forms.sh
source "$HEAL_ENG/tests/forms.sh"

# no test of ours runs this long without an end: the host is stopped and counts as failed
HANG_TIMEOUT=15m # 2,000 seeds of the simulation are one test: half a minute on a quiet machine, ten times that beside other projects
CLUSTER_HANG_TIMEOUT=8m # a real alert takes half a minute to fire, and a test waits for several things with limits of their own
LIBVIRT_HANG_TIMEOUT=8m # an emulated guest boots in 4 s, in half a minute beside other work, and its watchdog takes 30 s
PROJECT_TIMEOUT=35m # the cluster's tests take 11 to 23 minutes, beside emulated guests
SECOND_TRIES=3 # failed tests of a form that are run once more, alone; where more failed, it is not the machine
PROJECTS_AT_ONCE=${HEAL_TEST_PROJECTS_AT_ONCE:-2}

plain=yes cluster=no libvirt=no extra_filter=''
while (($#)); do
  case $1 in
    --cluster) plain=no cluster=yes ;;
    --libvirt) plain=no libvirt=yes ;;
    --all) plain=yes cluster=yes libvirt=yes ;;
    --filter) extra_filter=${2:?--filter needs an expression} && shift ;;
    *) finish_early "unknown option '$1'" "Known: --cluster, --libvirt, --all, --filter EXPRESSION." ;;
  esac
  shift
done

RESULTS=$PWD/TestResults
rm -rf "$RESULTS"
mkdir -p "$RESULTS"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check_tools
start_services
build
if [[ $plain == yes ]]; then run_form plain 'Category!=Cluster&Category!=Libvirt'; fi
# Side by side: both mostly wait, for alerts that fire and for guests that boot.
if [[ $cluster == yes ]]; then
  if start_cluster; then (run_form cluster 'Category=Cluster') & else without_set_up cluster; fi
fi
if [[ $libvirt == yes ]]; then
  if start_libvirt; then (run_form libvirt 'Category=Libvirt') & else without_set_up libvirt; fi
fi
wait
stop_cluster
stop_libvirt
summarise
