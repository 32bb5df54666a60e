#!/bin/bash
# metrics-up.sh : metrics.k8s.io for the cluster that up.sh started (kubectl top, HorizontalPodAutoscalers by CPU and memory). The
# server runs beside the control plane and is an aggregated API of it. down.sh stops it.
set -euo pipefail
source "$(dirname "$0")/env.sh"
need_root "$0" "$@"
[[ -f $KUBECONFIG ]] || die "no cluster in $RUN" "Start it with eng/kube/up.sh."
is_running resource-metrics ||
  start_daemon resource-metrics python3 "$HEAL_KUBE/resource-metrics" "$CERT" "https://$CONTROL_IP:$API_PORT" \
    "$CONTROL_IP" "$RESOURCE_METRICS_PORT"

kubectl apply -f - >/dev/null <<YAML
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: resource-metrics}
rules:
- {apiGroups: [""], resources: [pods, nodes], verbs: [get, list]}
- {apiGroups: [""], resources: [nodes/proxy], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: resource-metrics}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: resource-metrics}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: resource-metrics}]
---
apiVersion: v1
kind: Service
metadata: {name: resource-metrics, namespace: kube-system}
spec: {ports: [{port: 443, targetPort: $RESOURCE_METRICS_PORT}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: resource-metrics, namespace: kube-system}
subsets: [{addresses: [{ip: $CONTROL_IP}], ports: [{port: $RESOURCE_METRICS_PORT}]}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  caBundle: $(base64 -w0 "$CERT/ca.crt")
  service: {name: resource-metrics, namespace: kube-system}
YAML
has_figures() { kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes 2>/dev/null | grep -q '"usage"'; }
wait_until 60 has_figures || die "metrics.k8s.io has no figures after 60 s" "$(tail -n 3 "$LOGS/resource-metrics.log")"
say "metrics.k8s.io is served"
