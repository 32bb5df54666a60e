using System.Globalization;

namespace Heal.Healing;

internal sealed class NodeNotReadyDetector(NodeNotReadySetting setting) : Detector<ObservedNode>(
    new DetectorInfo("node-not-ready", "KubeNodeNotReady", [TargetKinds.Node],
        "A node is not ready for `Hold`, or has changed between ready and not ready `Flaps` times within `FlapWindow` "
            + "(alert KubeNodeReadinessFlapping).",
        "Short gaps, a cordoned node for `HoldWhenCordoned` (a restart during maintenance), a node that is being removed.")
    {
        OtherAlerts = [Flapping],
    },
    setting)
{
    private const string Flapping = "KubeNodeReadinessFlapping";

    protected override Judgement Judge(ObservedNode node, Look look)
    {
        if (node.Info.DeletedAt is not null || node.Condition("Ready") is not { } ready) return Judgement.None;
        var since = ready.Since ?? node.Info.CreatedAt;
        var state = ready.IsTrue ? 1 : 0;
        var memory = look.Memory.Last?.Value == state ? look.Memory : look.Memory.With(since, state);
        return Judge(node, ready, since, memory, look) with { Memory = memory };
    }

    private Judgement Judge(ObservedNode node, ObservedCondition ready, DateTimeOffset since, DetectorMemory memory, Look look)
    {
        if (!ready.IsTrue)
        {
            var hold = node.CordonedAt is null ? setting.Hold : setting.HoldWhenCordoned;
            return Judgement.After(hold, since, look, $"node {node.Info.Name} is not ready: {ready.Reason}", ready.ToString())
                .With("condition", "Ready");
        }

        var changes = memory.Samples.Skip(1).Where(sample => look.Now - sample.At <= setting.FlapWindow).ToList();
        if (changes.Count < setting.Flaps)
        {
            // The changes before this process began were counted by the one that told of them. Until the last that is known has left the
            // window, nobody can say that they were too few.
            return look.Told?.Name == Flapping && look.Now - since <= setting.FlapWindow
                ? Judgement.Suspect(since + setting.FlapWindow) : Judgement.None;
        }

        return Judgement.Firing(
            changes[^1].At,
            string.Create(CultureInfo.InvariantCulture,
                $"node {node.Info.Name} has changed its readiness {changes.Count} times within {setting.FlapWindow}"),
            [.. changes.Select(change => $"{change.At:u}: {(change.Value > 0 ? "ready" : "not ready")}")])
            with { Alert = Flapping };
    }
}

internal sealed class NodePressureDetector(HoldingSetting setting) : Detector<ObservedNode>(
    new DetectorInfo("node-pressure", "KubeNodePressure", [TargetKinds.Node],
        "MemoryPressure, DiskPressure, PIDPressure or NetworkUnavailable is True for `Hold`.",
        "Pressure that passes, a node that is not ready (what it said last is old).")
    {
        ForPeople = "The kubelet itself evicts pods, collects images and logs, and keeps new pods off. What fills the node is not known "
            + "from its condition.",
    },
    setting)
{
    private static readonly string[] Pressures = ["DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"];

    protected override Judgement Judge(ObservedNode node, Look look) => NodeConditions.Judge(node, look, setting.Hold, Pressures);
}

/// <summary>The conditions that node-problem-detector sets.</summary>
internal sealed class NodeProblemDetector(HoldingSetting setting) : Detector<ObservedNode>(
    new DetectorInfo("node-problem", "KubeNodeProblem", [TargetKinds.Node],
        "A condition of node-problem-detector is True for `Hold`: KernelDeadlock, ReadonlyFilesystem, CorruptDockerOverlay2, "
            + "KubeletUnhealthy, ContainerRuntimeUnhealthy, KubeProxyUnhealthy, NTPProblem, FrequentKubeletRestart, FrequentDockerRestart, "
            + "FrequentContainerdRestart, FrequentUnregisterNetDevice. The alert has the condition's name where that is a known alert.",
        "Its conditions in status False or Unknown, conditions of others.")
    {
        OtherAlerts = [.. Problems.Where(TargetPolicy.KnownAlerts.Contains)],
        ForPeople = "The node runs its pods still. Whether what was found is worth taking it out of service is for people to weigh.",
    },
    setting)
{
    private static readonly string[] Problems =
    [
        "KernelDeadlock", "ReadonlyFilesystem", "CorruptDockerOverlay2", "KubeletUnhealthy", "ContainerRuntimeUnhealthy",
        "KubeProxyUnhealthy", "NTPProblem", "FrequentKubeletRestart", "FrequentDockerRestart", "FrequentContainerdRestart",
        "FrequentUnregisterNetDevice",
    ];

    protected override Judgement Judge(ObservedNode node, Look look)
    {
        var judged = NodeConditions.Judge(node, look, setting.Hold, Problems);
        return judged.Labels?.GetValueOrDefault("condition") is { } condition && TargetPolicy.KnownAlerts.Contains(condition)
            ? judged with { Alert = condition }
            : judged;
    }
}

internal static class NodeConditions
{
    public static Judgement Judge(ObservedNode node, Look look, TimeSpan hold, IReadOnlyList<string> types)
    {
        if (!node.IsReady) return Judgement.None;
        var set = node.Conditions.Where(condition => condition.IsTrue && types.Contains(condition.Type))
            .OrderBy(condition => condition.Since).ToList();
        if (set.Count == 0) return Judgement.None;
        return Judgement.After(
            hold, set[0].Since ?? node.Info.CreatedAt, look, $"node {node.Info.Name}: {set[0].Type}, {set[0].Message}",
            [.. set.Select(condition => condition.ToString())]).With("condition", set[0].Type);
    }
}

internal sealed class NodeCordonedDetector(HoldingSetting setting) : Detector<ObservedNode>(
    new DetectorInfo("node-cordoned", "KubeNodeCordonedTooLong", [TargetKinds.Node],
        "A node has taken no new pods for `Hold`: somebody cordoned it and forgot it.",
        "A drain in progress, shorter maintenance, a node under the maintenance mark."),
    setting)
{
    protected override Judgement Judge(ObservedNode node, Look look)
    {
        if (node.Info.DeletedAt is not null || node.CordonedAt is not { } since) return Judgement.None;
        // Not every server says since when: then it is as long as it was seen.
        return Judgement.After(
            setting.Hold, since, look, $"node {node.Info.Name} has been cordoned since {since:u}",
            $"spec.unschedulable: true since {since:u}") with { BeganUnseen = node.IsCordonUndated && look.WasThereBefore(since) };
    }
}
