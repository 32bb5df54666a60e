# shellcheck shell=bash
# What start.sh shows after everything runs.

# run_demo: breaks a workload of the simulator, sends its alert and shows the incident. start.sh has set APP_URL, SIMULATOR_URL,
# KUBECONFIG, HEAL_STATE (with host-keys.json), AzureWebJobsStorage and HEAL_POSTGRES.
run_demo() {
  :
}
