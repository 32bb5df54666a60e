using System.Text;

namespace Heal.Healing.Tests;

/// <summary>Plain, healthy things to change one part of.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly TargetReference Target = new("test", TargetKinds.Deployment, "shop", "web");

    public static Alert Alert(string name, params (string Name, string Value)[] labels) => new(
        name, AlertStatus.Firing, labels.Append(("alertname", name)).ToDictionary(l => l.Item1, l => l.Item2),
        new Dictionary<string, string>(), Noon, null, "f1");

    public static WorkloadEvidence Workload(string hash = "bad") => new(
        "deployment/web", "uid", Noon.AddDays(-9), 2, 2, 3, 1, 2, 2, false, false, hash, null, "kubectl-set", []);

    public static RevisionEvidence Revision(
        string name, long number, string hash, int ready = 0, string? healthy = null, string? unhealthy = null, TimeSpan? served = null) =>
        new($"replicaset/{name}", name, $"uid-{name}", number, Noon.AddMinutes(-10 * (3 - number)), ready, ready, hash, ["web:1"], healthy,
            unhealthy, served);

    public static ContainerEvidence Container(
        string? waiting = null, int? exit = null, int restarts = 0, string? lastReason = null, bool ready = false) => new(
        "pod/web-2-x/app", "app", "web:2", ready, restarts, waiting, null, lastReason, exit, exit is null ? null : Noon.AddSeconds(-5));

    public static PodEvidence Pod(
        ContainerEvidence container, string revision = "web-2", string name = "web-2-x", string? node = "node-1") => new(
        $"pod/{name}", name, revision, "Running", null, container.Ready, false, node, Noon.AddMinutes(-2),
            [container with { Id = $"pod/{name}/app" }]);

    public static TemplateChange Change(params Difference[] differences) =>
        new("change/web-2", "web-1", "web-2", Noon.AddMinutes(-3), differences, 0);

    public static readonly Difference ConfigChange = new("change/1", "spec.volumes[config].configMap.name", "web-config", "web-bad");
    public static readonly Difference ImageChange = new("change/1", "spec.containers[app].image", "web:1", "web:2");

    public static EvidenceBundle Evidence(TemplateChange? change, params PodEvidence[] pods) => new(
        Target, Noon, true, new AutonomySetting(Autonomy.Act, "a test"), Workload(),
        [Revision("web-2", 2, "bad"), Revision("web-1", 1, "good", ready: 2, healthy: "2 of its replicas are ready now")],
        change, pods, [], [], [], [new NodeEvidence("node/node-1", "node-1", true, false, null)], [], []);

    public static EvidenceBundle Crash() =>
        Evidence(Change(ConfigChange), Pod(Container("CrashLoopBackOff", exit: 1, restarts: 3)),
            Pod(Container(ready: true), "web-1", "web-1-y"));

    public static readonly ActionDescriptor Rollback = new(
        "rollback_deployment", RiskClass.R2, [Causes.CrashAfterTemplateChange, Causes.ImagePullAfterTemplateChange],
            [TargetKinds.Deployment],
        [new ActionParameter("minimumServed", ParameterKind.Duration, "30s", "0s", "24h", "")], "", "", "roll_forward", []);

    public const string WorkflowText = """
        name: crashloop
        version: "1.0.0"
        description: for tests
        alerts:
          - name: KubePodCrashLooping
        limits:
          maxRisk: R2
          maxActions: 1
          coolDown: 5m
        approval:
          timeout: 30m
        actions:
          - id: rollback_deployment
            timeout: 2m
            verification:
              timeout: 5m
        escalation:
          to: on-call
        """;

    public static WorkflowDefinition Workflow() => WorkflowCatalogue.Parse([("w.yaml", WorkflowText)], [Rollback]).Definitions[0];

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
