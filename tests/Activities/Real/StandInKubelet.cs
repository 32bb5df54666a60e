using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>
/// Stands for the kubelets of nodes that are objects only, in one namespace: a pod on such a node starts, cannot pull an image called
/// "missing" or without the right secret, waits for what it reads its environment from, ends when it is told to, and says so. Stands for
/// the drivers of volumes as well. Everything else is the cluster's own doing. What it is to do to a pod is said where a
/// simulator reads it too: by annotations of the ConfigMap that the pod uses.
/// </summary>
internal sealed class StandInKubelet(Stall stall)
{
    private const string Started = "2026-01-01T00:00:00Z";
    private int _addresses;

    /// <summary>What it looks after.</summary>
    public static IReadOnlyList<ResourceKind> Looked =>
    [
        Kinds.Pod, Kinds.HorizontalPodAutoscaler, Kinds.ConfigMap, Kinds.Secret, Kinds.PersistentVolumeClaim, Kinds.VolumeSnapshot,
    ];

    /// <summary>Something that it looks after is there, or has changed.</summary>
    public async Task SeeAsync(ResourceKind kind, JsonObject item)
    {
        try
        {
            await (kind.Kind switch
            {
                "Pod" => ActAsync(item),
                "HorizontalPodAutoscaler" => ScaleAsync(item),
                "PersistentVolumeClaim" => StandInStorage.ProvideAsync(stall, item),
                "VolumeSnapshot" => StandInStorage.SnapshotAsync(stall, item),
                _ => LookAgainAsync(),
            });
        }
        catch (Exception passing) when (passing is KubernetesApiException or KubernetesUnreachableException or InvalidOperationException)
        {
            // Somebody was faster, or the object or the API server is gone: the next change tells.
        }
    }

    /// <summary>The kernel kills every container that there is, once.</summary>
    public async Task KillForMemoryAsync()
    {
        foreach (var pod in await stall.ListAsync(Kinds.Pod)) await SayAsync(pod, Status(pod, Killed));
    }

    /// <summary>What probes say of all containers that run.</summary>
    /// <param name="labels">Of the pods that are meant; empty: all.</param>
    public async Task SayReadyAsync(bool isReady, string labels = "")
    {
        foreach (var pod in await stall.ListAsync(Kinds.Pod, labels))
        {
            await SayAsync(pod, $$"""
                { "status": { "conditions": [
                  { "type": "Ready", "status": "{{(isReady ? "True" : "False")}}" }, {{Condition("PodScheduled")}} ] } }
                """);
        }
    }

    /// <summary>What the node's controller says of a pod whose kubelet has been silent for long.</summary>
    public Task<KubernetesObject> LoseAsync(string pod) =>
        stall.SetStatusAsync(Kinds.Pod, pod, """{"status":{"conditions":[{"type":"Ready","status":"False"}]}}""");

    private async Task ActAsync(JsonObject pod)
    {
        if (pod.Text("spec", "nodeName") is not { } node) return;
        if (!(await stall.GetAsync(Kinds.Node, node, clusterWide: true)).HasCondition("Ready")) return;
        if (pod.IsDeleting())
        {
            var now = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid() };
            await stall.Client.DeleteAsync(Kinds.Pod, stall.Namespace, pod.Name(), now);
        }
        else if (pod.At("status", "containerStatuses") is null)
        {
            var obstacle = await ObstacleAsync(pod);
            await SayAsync(pod, obstacle is not null ? Waiting(pod, obstacle)
                : pod.Text("spec", "restartPolicy") == "Never" ? Ended(await ExitCodeAsync(pod)) : Status(pod, """{}"""));
        }
    }

    // Something that pods may wait for is there, or has changed.
    private async Task LookAgainAsync()
    {
        var waiting = (await stall.ListAsync(Kinds.Pod)).Where(pod => !pod.IsDeleting()
            && pod.Items("status", "containerStatuses").Any(status => status.Text("state", "waiting", "reason") is not null));
        foreach (var pod in waiting)
        {
            if (await ObstacleAsync(pod) is null) await SayAsync(pod, Status(pod, """{}"""));
        }
    }

    // Why its container cannot start, in the kubelet's word.
    private async Task<string?> ObstacleAsync(JsonObject pod)
    {
        var container = pod.Items("spec", "containers").First();
        var image = container.Text("image")!;
        if (image.EndsWith("missing", StringComparison.Ordinal)) return "ImagePullBackOff";
        if (image.StartsWith("private.", StringComparison.Ordinal))
        {
            var secret = pod.Items("spec", "imagePullSecrets").FirstOrDefault().Text("name");
            if (secret is null || !CredentialCases.IsValid(await stall.FindAsync(Kinds.Secret, secret))) return "ImagePullBackOff";
        }

        foreach (var source in container.Items("envFrom"))
        {
            var (kind, name) = source.Text("secretRef", "name") is { } secret
                ? (Kinds.Secret, secret) : (Kinds.ConfigMap, source.Text("configMapRef", "name")!);
            if (await stall.FindAsync(kind, name) is null) return "CreateContainerConfigError";
        }

        return null;
    }

    // A Job's container ends as its ConfigMap says.
    private async Task<int> ExitCodeAsync(JsonObject pod)
    {
        var used = pod.Items("spec", "containers").First().Items("envFrom").FirstOrDefault().Text("configMapRef", "name");
        var map = used is null ? null : await stall.FindAsync(Kinds.ConfigMap, used);
        return map.Annotation("simulator/crash")?.StartsWith("exitCode=1", StringComparison.Ordinal) == true ? 1 : 0;
    }

    // The autoscaler's controller has no metrics here and is off.
    private async Task ScaleAsync(JsonObject scaler)
    {
        if (scaler.Annotation("simulator/wanted-replicas") is not { } text) return;
        var (wanted, most) = (int.Parse(text, CultureInfo.InvariantCulture), scaler.Whole("spec", "maxReplicas")!.Value);
        var current = Math.Min(wanted, most);
        if (scaler.Whole("status", "currentReplicas") == current) return;
        await stall.SetStatusAsync(Kinds.HorizontalPodAutoscaler, scaler.Name(), $$"""
            { "status": { "currentReplicas": {{current}}, "desiredReplicas": {{current}}, "conditions": [
              { "type": "ScalingLimited", "status": "{{(wanted > most ? "True" : "False")}}",
                "reason": "{{(wanted > most ? "TooManyReplicas" : "DesiredWithinRange")}}", "lastTransitionTime": "{{Started}}" } ] } }
            """);
    }

    private Task<KubernetesObject> SayAsync(JsonObject pod, string status) => stall.SetStatusAsync(Kinds.Pod, pod.Name(), status);

    private string Status(JsonObject pod, string lastState) => $$"""
        { "status": { "phase": "Running", "startTime": "{{Started}}", "podIP": "{{Address()}}",
          "conditions": [
            {{Condition("Initialized")}}, {{Condition("Ready")}}, {{Condition("ContainersReady")}}, {{Condition("PodScheduled")}} ],
          "containerStatuses": [ {{Container(pod, true, $$$"""{ "running": { "startedAt": "{{{Started}}}" } }""", lastState)}} ] } }
        """;

    private static string Waiting(JsonObject pod, string reason) => $$"""
        { "status": { "phase": "Pending", "conditions": [ { "type": "Ready", "status": "False" } ],
          "containerStatuses": [ {{Container(pod, false, $$$"""{ "waiting": { "reason": "{{{reason}}}" } }""", "{}")}} ] } }
        """;

    private static string Ended(int exitCode) => $$"""{ "status": { "phase": "{{(exitCode == 0 ? "Succeeded" : "Failed")}}" } }""";

    private static string Container(JsonObject pod, bool ready, string state, string lastState)
    {
        var container = pod.Items("spec", "containers").First();
        return $$"""
            { "name": "{{container.Text("name")}}", "image": "{{container.Text("image")}}", "imageID": "",
              "ready": {{(ready ? "true" : "false")}}, "restartCount": {{(lastState.Length > 2 ? 1 : 0)}},
              "state": {{state}}, "lastState": {{lastState}} }
            """;
    }

    private static string Killed => $$"""
        { "terminated": { "exitCode": 137, "reason": "OOMKilled",
            "startedAt": "{{Started}}", "finishedAt": "{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}" } }
        """;

    private static string Condition(string type) => $$"""{ "type": "{{type}}", "status": "True", "lastTransitionTime": "{{Started}}" }""";

    private string Address()
    {
        var number = Interlocked.Increment(ref _addresses);
        return string.Create(CultureInfo.InvariantCulture, $"10.1.{number / 250}.{(number % 250) + 1}");
    }
}
