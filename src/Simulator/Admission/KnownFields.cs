using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Admission;

/// <summary>
/// The fields of the built-in kinds, as far down as anybody here writes them. Below a field that names no type anything is taken, and so
/// are kinds that are not in the table: custom resources, and what controllers write.
/// </summary>
internal static class KnownFields
{
    /// <summary>A type a line; "field=Type" is an object of a type of this table, "field=[Type]" a list of them.</summary>
    private const string Table = """
        Namespace: spec status
        Node: spec=NodeSpec status
        Pod: spec=PodSpec status
        Service: spec=ServiceSpec status
        ConfigMap: data binaryData immutable
        Secret: data stringData immutable type
        ServiceAccount: secrets imagePullSecrets automountServiceAccountToken
        PersistentVolumeClaim: spec=PersistentVolumeClaimSpec status
        ResourceQuota: spec=ResourceQuotaSpec status
        LimitRange: spec
        Deployment: spec=DeploymentSpec status
        ReplicaSet: spec=ReplicaSetSpec status
        StatefulSet: spec=StatefulSetSpec status
        DaemonSet: spec=DaemonSetSpec status
        Job: spec=JobSpec status
        CronJob: spec=CronJobSpec status
        PodDisruptionBudget: spec=PodDisruptionBudgetSpec status
        HorizontalPodAutoscaler: spec=HorizontalPodAutoscalerSpec status
        NetworkPolicy: spec=NetworkPolicySpec
        Role: rules
        RoleBinding: subjects roleRef
        ObjectMeta: name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp
          deletionGracePeriodSeconds labels annotations ownerReferences=[OwnerReference] finalizers managedFields
        OwnerReference: apiVersion kind name uid controller blockOwnerDeletion
        LabelSelector: matchLabels matchExpressions
        NodeSpec: podCIDR podCIDRs providerID unschedulable taints=[Taint] configSource externalID
        Taint: key value effect timeAdded
        PodTemplate: metadata=ObjectMeta spec=PodSpec
        PodSpec: volumes initContainers=[Container] containers=[Container] ephemeralContainers restartPolicy
          terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount
          automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets
          hostname subdomain affinity schedulerName tolerations=[Toleration] hostAliases priorityClassName priority dnsConfig
          readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints setHostnameAsFQDN os
          hostUsers schedulingGates resourceClaims resources hostnameOverride workloadRef schedulingGroup
        Toleration: key operator value effect tolerationSeconds
        Container: name image command args workingDir ports=[ContainerPort] envFrom env=[EnvVar] resources=Resources resizePolicy
          restartPolicy restartPolicyRules volumeMounts=[VolumeMount] volumeDevices livenessProbe=Probe readinessProbe=Probe
          startupProbe=Probe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce
          tty
        ContainerPort: name hostPort containerPort protocol hostIP
        EnvVar: name value valueFrom
        Resources: limits requests claims
        VolumeMount: name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr
        Probe: exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold
          terminationGracePeriodSeconds
        DeploymentSpec: replicas selector=LabelSelector template=PodTemplate strategy=Strategy minReadySeconds revisionHistoryLimit
          paused progressDeadlineSeconds
        Strategy: type rollingUpdate=RollingUpdate
        RollingUpdate: maxUnavailable maxSurge partition
        ReplicaSetSpec: replicas minReadySeconds selector=LabelSelector template=PodTemplate
        StatefulSetSpec: replicas selector=LabelSelector template=PodTemplate volumeClaimTemplates serviceName podManagementPolicy
          updateStrategy=Strategy revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals
        DaemonSetSpec: selector=LabelSelector template=PodTemplate updateStrategy=Strategy minReadySeconds revisionHistoryLimit
        JobSpec: parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit backoffLimitPerIndex
          maxFailedIndexes selector=LabelSelector manualSelector template=PodTemplate ttlSecondsAfterFinished completionMode suspend
          podReplacementPolicy managedBy
        CronJobSpec: schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate=JobTemplate
          successfulJobsHistoryLimit failedJobsHistoryLimit
        JobTemplate: metadata=ObjectMeta spec=JobSpec
        PodDisruptionBudgetSpec: minAvailable selector=LabelSelector maxUnavailable unhealthyPodEvictionPolicy
        HorizontalPodAutoscalerSpec: scaleTargetRef minReplicas maxReplicas metrics=[MetricSpec] behavior
        MetricSpec: type object pods resource containerResource external
        ServiceSpec: ports selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP loadBalancerSourceRanges
          externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig ipFamilies
          ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution
        PersistentVolumeClaimSpec: accessModes selector=LabelSelector resources volumeName storageClassName volumeMode dataSource
          dataSourceRef volumeAttributesClassName
        ResourceQuotaSpec: hard scopes scopeSelector
        NetworkPolicySpec: podSelector=LabelSelector policyTypes ingress egress
        """;

    private static readonly string[] OfEveryKind = ["apiVersion", "kind", "metadata=ObjectMeta"];

    private static readonly Dictionary<string, Dictionary<string, string>> Types = Read();

    /// <summary>The paths of fields that the kind does not have, as the server writes them: spec.containers[0].imag.</summary>
    public static IReadOnlyList<string> Unknown(ResourceType type, JsonObject o)
    {
        var found = new List<string>();
        if (IsListed(type))
            Walk(o, type.Kind, "", (_, _, path) => found.Add(path));
        return found;
    }

    /// <summary>Takes those fields out.</summary>
    public static void Drop(ResourceType type, JsonObject o)
    {
        var found = new List<(JsonObject Parent, string Name)>();
        if (IsListed(type))
            Walk(o, type.Kind, "", (parent, name, _) => found.Add((parent, name)));
        foreach (var (parent, name) in found)
            parent.Remove(name);
    }

    private static bool IsListed(ResourceType type) =>
        Types.TryGetValue(type.Kind, out var fields) && fields.ContainsKey("apiVersion") && !CustomResources.Served.Contains(type);

    private static void Walk(JsonObject o, string type, string path, Action<JsonObject, string, string> unknown)
    {
        foreach (var (name, value) in o)
        {
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (!Types[type].TryGetValue(name, out var next))
                unknown(o, name, at);
            else if (next.StartsWith('['))
            {
                foreach (var (i, item) in (value as JsonArray ?? []).Index())
                {
                    if (item is JsonObject child)
                        Walk(child, next[1..^1], $"{at}[{i}]", unknown);
                }
            }
            else if (next.Length > 0 && value is JsonObject child)
                Walk(child, next, at, unknown);
        }
    }

    private static Dictionary<string, Dictionary<string, string>> Read()
    {
        var types = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        var kinds = ResourceCatalog.Served.Select(t => t.Kind).ToHashSet(StringComparer.Ordinal);
        Dictionary<string, string> fields = [];
        foreach (var word in Table.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.EndsWith(':'))
            {
                types[word[..^1]] = fields = new Dictionary<string, string>(StringComparer.Ordinal);
                foreach (var field in kinds.Contains(word[..^1]) ? OfEveryKind : [])
                    Add(field);
            }
            else
                Add(word);
        }

        return types;

        void Add(string field)
        {
            var parts = field.Split('=', 2);
            fields[parts[0]] = parts.Length == 2 ? parts[1] : "";
        }
    }
}
