#!/bin/bash
# mon-up.sh WEBHOOK_URL [KEY_FILE] : Debian's Prometheus (127.0.0.1:19090) and Alertmanager (127.0.0.1:19093) for the cluster that
# up.sh started. Alertmanager posts to WEBHOOK_URL; KEY_FILE holds the function key, which becomes the query parameter `code`.
# Run again to change the webhook: Alertmanager then tells the new one of what fires. RULES=FILE replaces mon/rules.yml. down.sh stops it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
webhook=${1:?usage: mon-up.sh WEBHOOK_URL [KEY_FILE]}
key_file=${2:-}
[[ -f $KUBECONFIG ]] || die "no cluster in $RUN" "Start it with eng/kube/up.sh."
"$HEAL_KUBE/packages.sh"
home=$RUN/mon
mkdir -p "$home"
if [[ -n $key_file ]]; then
  encode='import sys, urllib.parse; print(urllib.parse.quote(open(sys.argv[1]).read().strip(), safe=""))'
  webhook+="?code=$(python3 -c "$encode" "$key_file")"
fi

write_configs() {
  local number kubelets=''
  for number in $(node_numbers); do
    kubelets+="{targets: ['$(node_ip "$number"):10250'], labels: {node: node$number}}, "
  done
  cp "${RULES:-$HEAL_KUBE/mon/rules.yml}" "$home/rules.yml"
  sed -e "s#@RULES@#$home/rules.yml#; s#@CERT@#$CERT#g; s#@API@#$CONTROL_IP:$API_PORT#; s#@KUBELETS@#${kubelets%, }#" \
    -e "s#@ALERTMANAGER_PORT@#$ALERTMANAGER_PORT#; s#@STATE_METRICS_PORT@#$STATE_METRICS_PORT#" \
    "$HEAL_KUBE/mon/prometheus.yml" >"$home/prometheus.yml"
  # not with sed: everybody may read a command line
  local template
  template=$(<"$HEAL_KUBE/mon/alertmanager.yml")
  (umask 077 && printf '%s\n' "${template//@WEBHOOK@/"$webhook"}" >"$home/alertmanager.yml")
}

may_read() {
  kubectl get clusterrolebinding state-metrics-nodes >/dev/null 2>&1 && return
  kubectl create clusterrolebinding state-metrics --clusterrole=view --user=state-metrics >/dev/null
  kubectl create clusterrole state-metrics-nodes --verb=list --resource=nodes >/dev/null
  kubectl create clusterrolebinding state-metrics-nodes --clusterrole=state-metrics-nodes --user=state-metrics >/dev/null
}

answers() { curl -sf -o /dev/null --max-time 2 "$1"; }

write_configs
may_read
is_running state-metrics ||
  start_daemon state-metrics python3 "$HEAL_KUBE/state-metrics" "$CERT" "https://$CONTROL_IP:$API_PORT" "$STATE_METRICS_PORT"
# Started anew it would have forgotten what fires, and would hear of it only when Prometheus says it again.
if is_running alertmanager; then
  curl -sf -o /dev/null --max-time 5 -X POST "http://127.0.0.1:$ALERTMANAGER_PORT/-/reload" ||
    die "Alertmanager did not take its new configuration" "$(tail -n 3 "$LOGS/alertmanager.log")"
else
  start_daemon alertmanager prometheus-alertmanager --config.file="$home/alertmanager.yml" --storage.path="$home/alertmanager" \
    --web.listen-address="127.0.0.1:$ALERTMANAGER_PORT" --cluster.listen-address=
fi
is_running prometheus ||
  start_daemon prometheus prometheus --config.file="$home/prometheus.yml" --storage.tsdb.path="$home/tsdb" \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --rules.alert.resend-delay=10s
wait_until 30 answers "http://127.0.0.1:$STATE_METRICS_PORT/metrics" ||
  die "the state metrics are not there after 30 s" "$(tail -n 3 "$LOGS/state-metrics.log")"
wait_until 30 answers "http://127.0.0.1:$ALERTMANAGER_PORT/-/ready" ||
  die "Alertmanager is not ready after 30 s" "$(tail -n 3 "$LOGS/alertmanager.log")"
wait_until 30 answers "http://127.0.0.1:$PROMETHEUS_PORT/-/ready" ||
  die "Prometheus is not ready after 30 s" "$(tail -n 3 "$LOGS/prometheus.log")"
say "Prometheus http://127.0.0.1:$PROMETHEUS_PORT, Alertmanager http://127.0.0.1:$ALERTMANAGER_PORT"
