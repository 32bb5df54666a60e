using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Judges a target that keeps no replicas by what its controller and its pods say. Where they cannot contradict an alert (a node that is
/// ready may still have a full disk) nothing is said. Pure.
/// </summary>
public static class ObjectHealth
{
    /// <summary>A deletion that takes longer than this past its grace period is a fault of its own.</summary>
    public static readonly TimeSpan StuckAfter = TimeSpan.FromMinutes(2);

    /// <returns>Null when nothing can be said: then the alert is taken at its word.</returns>
    public static Detection? Judge(EvidenceBundle evidence)
    {
        if (evidence.Object is not { } target) return null;
        if (target.DeletingSince is { } since)
        {
            return evidence.CollectedAt - since < StuckAfter
                ? Healthy($"{evidence.Target} is being deleted, which is somebody's intent", target.Id)
                : Faulty(since, $"{evidence.Target} has been terminating since {since:u}{Holders(target)}", target.Id);
        }

        return target.Kind switch
        {
            "Pod" => OfPod(evidence, target),
            "Node" => OfNode(evidence, target),
            "Job" => OfJob(target),
            "PersistentVolumeClaim" => OfClaim(evidence, target),
            "HorizontalPodAutoscaler" => OfAutoscaler(target),
            "PodDisruptionBudget" => OfBudget(evidence, target),
            "Service" => OfService(evidence, target),
            _ => null,
        };
    }

    private static Detection? OfPod(EvidenceBundle evidence, ObjectEvidence target)
    {
        if (evidence.Pods.FirstOrDefault(pod => pod.Name == target.Name) is not { } pod) return null;
        var troubled = Symptoms.Troubled(evidence).Where(found => found.Pod.Name == pod.Name).Select(found => found.Container).ToList();
        if (troubled.Count > 0)
        {
            return Faulty(pod.CreatedAt, $"container '{troubled[0].Name}': {Symptoms.Describe(troubled[0])}",
                [.. troubled.Select(container => container.Id)]);
        }

        if (pod.Phase == "Failed") return Faulty(pod.CreatedAt, $"the pod failed: {pod.Reason ?? "no reason given"}", pod.Id);
        if (pod.Phase == "Succeeded") return Healthy("the pod has ended with success", pod.Id);
        if (pod.Ready) return Healthy("the pod is ready and no container is in trouble", pod.Id);
        if (evidence.CollectedAt - pod.CreatedAt < DetectionPolicy.UnreadyGrace)
        {
            return new Detection(DetectionVerdict.TooEarly, null, $"the pod is not ready, and young: made at {pod.CreatedAt:u}", [pod.Id]);
        }

        var why = pod.Condition("PodScheduled") is { Status: false } unscheduled ? $": {unscheduled.Reason} {unscheduled.Message}" : "";
        return Faulty(pod.CreatedAt, $"the pod has been unready since its creation at {pod.CreatedAt:u}{why}", pod.Id);
    }

    private static Detection? OfNode(EvidenceBundle evidence, ObjectEvidence target)
    {
        if (evidence.Nodes.FirstOrDefault(node => node.Name == target.Name) is not { } node) return null;
        var ready = node.Conditions.FirstOrDefault(condition => condition.Type == "Ready");
        if (!node.Ready) return Faulty(ready?.Since, $"the node is not ready: {ready?.Reason} {ready?.Message}".TrimEnd(), node.Id);
        if (node.Problems().FirstOrDefault() is { } problem)
        {
            return Faulty(problem.Since, $"{problem.Type}: {problem.Reason} {problem.Message}".TrimEnd(), node.Id);
        }

        // An alert that tells of its absence, and of nothing else, is contradicted by its presence: it comes late.
        return evidence.Claim is { } alert && LayerPolicy.TellsOfAbsence(alert)
            ? Healthy($"the node is ready{(ready?.Since is { } since ? $" since {since:u}" : "")} and shows no problem: what "
                + $"{SafeText.Line(alert, 100)} tells of is over", node.Id)
            : null;
    }

    private static Detection? OfJob(ObjectEvidence target)
    {
        if (target.Condition("Failed") is { Status: true } failed)
        {
            return Faulty(failed.Since, $"the Job failed: {failed.Reason} {failed.Message}".TrimEnd(), target.Id);
        }

        return target.Condition("Complete") is { Status: true } ? Healthy("the Job is complete", target.Id) : null;
    }

    private static Detection? OfClaim(EvidenceBundle evidence, ObjectEvidence target)
    {
        var phase = target.Fact("status.phase");
        var isYoung = evidence.CollectedAt - target.CreatedAt < DetectionPolicy.UnreadyGrace;
        return phase is "Lost" || (phase is "Pending" && !isYoung)
            ? Faulty(target.CreatedAt, $"the claim is {phase}: no volume is bound to it", target.Id) : null;
    }

    private static Detection? OfAutoscaler(ObjectEvidence target)
    {
        var failing = new[] { target.Condition("ScalingActive"), target.Condition("AbleToScale") }
            .FirstOrDefault(condition => condition is { Status: false });
        if (failing is not null) return Faulty(failing.Since, $"{failing.Type} is false: {failing.Reason} {failing.Message}", target.Id);
        var (limited, current) = (target.Condition("ScalingLimited"), target.Fact("status.currentReplicas"));
        if (Autoscaling.IsAtMaximum(limited, target.Fact)) return Faulty(limited?.Since, Autoscaling.Describe(target.Fact), target.Id);
        return limited is { Status: false } && current is not null && current == target.Fact("status.desiredReplicas")
            ? Healthy($"the autoscaler runs the {current} replicas that it wants, of at most {target.Fact("spec.maxReplicas")}", target.Id)
            : null;
    }

    private static Detection? OfBudget(EvidenceBundle evidence, ObjectEvidence target)
    {
        if (Number(target.Fact("status.expectedPods")) is not > 0) return null;
        if (Number(target.Fact("status.disruptionsAllowed")) is > 0 and var allowed)
        {
            return Healthy(string.Create(CultureInfo.InvariantCulture, $"the budget allows {allowed} disruptions"), target.Id);
        }

        var (healthy, wanted) = (target.Fact("status.currentHealthy") ?? "0", target.Fact("status.desiredHealthy") ?? "?");
        var waiting = Draining.NodesOf(evidence);
        return Draining.IsAtLimitByDesign(target) && waiting.Count == 0
            ? Healthy(
                $"the budget is used to its limit ({healthy} of {wanted} wanted pods are healthy), and no drain waits for it", target.Id)
            : Faulty(null, $"the budget allows no disruption: {healthy} of {wanted} wanted pods are healthy"
                + (waiting.Count > 0 ? $"; the drain of {string.Join(", ", waiting.Select(node => node.Name))} waits for it" : ""),
                [target.Id, .. waiting.Select(node => node.Id)]);
    }

    private static Detection? OfService(EvidenceBundle evidence, ObjectEvidence target)
    {
        var backends = evidence.Related.Where(item => item.Kind is "EndpointSlice" or "Endpoints").ToList();
        var hasSelector = target.Facts.Any(fact => fact.Path.StartsWith("spec.selector.", StringComparison.Ordinal));
        if (!hasSelector || backends.Count == 0) return null;
        return backends.Sum(item => Number(item.Fact("endpoints.ready")) ?? 0) > 0 ? null
            : Faulty(null, $"no backend is ready; {evidence.Pods.Count} pods match the selector",
                [target.Id, .. backends.Select(item => item.Id)]);
    }

    private static string Holders(ObjectEvidence target) =>
        target.Finalizers.Count == 0 ? "" : $"; it waits for {string.Join(", ", target.Finalizers.Take(3))}";

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static Detection Healthy(string reason, params string[] evidence) => new(DetectionVerdict.Healthy, null, reason, evidence);

    private static Detection Faulty(DateTimeOffset? since, string reason, params string[] evidence) =>
        new(DetectionVerdict.Faulty, since, reason, evidence);
}

/// <summary>Reads what a HorizontalPodAutoscaler says, in whichever version it was served.</summary>
internal static class Autoscaling
{
    public static bool IsAtMaximum(ConditionEvidence? limited, Func<string, string?> fact) =>
        limited is { Status: true, Reason: "TooManyReplicas" }
        && (fact("status.currentReplicas") is null || fact("status.currentReplicas") == fact("spec.maxReplicas"));

    public static string Describe(Func<string, string?> fact) =>
        $"it wants more than its maximum of {fact("spec.maxReplicas") ?? "?"} replicas";
}

/// <summary>Reads what a disruption budget says about a drain that somebody has begun.</summary>
internal static class Draining
{
    /// <summary>The nodes that somebody takes out of service while pods of the target are on them.</summary>
    public static IReadOnlyList<NodeEvidence> NodesOf(EvidenceBundle evidence)
    {
        var used = evidence.Pods.Select(pod => pod.Node).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return [.. evidence.Nodes.Where(node => node.Unschedulable && used.Contains(node.Name))];
    }

    /// <summary>All of its pods are healthy: it is the budget that forbids, not the pods' state.</summary>
    public static bool IsAtLimitByDesign(ObjectEvidence budget) =>
        budget.Fact("status.currentHealthy") is { } healthy && healthy == budget.Fact("status.expectedPods");
}
