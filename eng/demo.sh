# shellcheck shell=bash disable=SC2154 # start.sh sets what is used here
# What start.sh shows after everything runs.

# run_demo: breaks a workload of the simulator, raises its alert at both doors and shows the incident. start.sh has set APP_URL,
# SIMULATOR_URL, HEAL_KEYS (the file with the keys) and AzureWebJobsStorage.
run_demo() {
  export APP_URL SIMULATOR_URL
  PYTHONDONTWRITEBYTECODE=1 python3 "$HEAL_ENG/start/demo" ||
    die "the demo did not end with a healed workload" "The function app's log: $LOGS/app.log"
}
