using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Judges from evidence whether the target shows a fault. An alert is a claim: it may be late, and what it reports may be somebody's
/// intent.
/// Pure; the same evidence gives the same verdict.
/// </summary>
public static class DetectionPolicy
{
    /// <summary>A replica may be unready for this long without being a fault by itself.</summary>
    public static readonly TimeSpan UnreadyGrace = TimeSpan.FromSeconds(60);

    public static Detection Judge(EvidenceBundle evidence)
    {
        if (!evidence.Exists) return Healthy($"{evidence.Target} does not exist any more");
        if (evidence.Machine is { } machine) return MachineHealth.Judge(evidence.Target, machine);
        if (evidence.Workload is not { } workload)
        {
            return ObjectHealth.Judge(evidence) ?? new Detection(DetectionVerdict.Faulty, null,
                $"what a {evidence.Target.Kind} shows does not contradict the alert: it is taken at its word", []);
        }

        if (workload.Deleting) return Healthy($"{evidence.Target} is being deleted, which is somebody's intent", workload.Id);
        if (workload.DesiredReplicas == 0) return Healthy($"{evidence.Target} is scaled to zero, which is somebody's intent", workload.Id);
        return JudgeWorkload(evidence, workload);
    }

    private static Detection JudgeWorkload(EvidenceBundle evidence, WorkloadEvidence workload)
    {
        var signs = new List<(string Text, string Id)>();
        foreach (var (pod, container) in Symptoms.Troubled(evidence))
        {
            signs.Add(($"container '{container.Name}' of pod {pod.Name}: {Symptoms.Describe(container)}", container.Id));
        }

        if (workload.Condition("Progressing") is { Status: false } progressing)
        {
            signs.Add(($"rollout: {progressing.Reason} {progressing.Message}".TrimEnd(), workload.Id));
        }

        if (workload.Condition("ReplicaFailure") is { Status: true } failure)
        {
            signs.Add(($"pods cannot be created: {failure.Reason} {failure.Message}".TrimEnd(), workload.Id));
        }

        var ready = string.Create(
            CultureInfo.InvariantCulture, $"{workload.ReadyReplicas} of {workload.DesiredReplicas} replicas are ready");
        if (signs.Count > 0)
        {
            var reason = $"{signs[0].Text}; {ready}";
            return new Detection(
                DetectionVerdict.Faulty, Since(evidence), reason, [.. signs.Select(sign => sign.Id).Distinct(StringComparer.Ordinal)]);
        }

        return JudgeReadiness(evidence, workload, ready);
    }

    private static Detection JudgeReadiness(EvidenceBundle evidence, WorkloadEvidence workload, string ready)
    {
        var settled = workload.ObservedGeneration >= workload.Generation
            && workload.ReadyReplicas >= workload.DesiredReplicas
            && workload.UpdatedReplicas >= workload.DesiredReplicas;
        if (settled) return Healthy($"{ready} and no container is in trouble", workload.Id);

        var unready = evidence.Pods.Where(pod => !pod.Ready && !pod.Terminating).ToList();
        var overdue = unready.Where(pod => evidence.CollectedAt - pod.CreatedAt >= UnreadyGrace).ToList();
        if (overdue.Count == 0)
        {
            return new Detection(DetectionVerdict.TooEarly, null,
                $"{ready}; no pod has been unready for {UnreadyGrace.TotalSeconds:0} s yet", [workload.Id]);
        }

        var reason = $"{ready}; pod {overdue[0].Name} has been unready since its creation at {overdue[0].CreatedAt:u}";
        return new Detection(DetectionVerdict.Faulty, Since(evidence), reason, [workload.Id, .. overdue.Select(pod => pod.Id)]);
    }

    private static DateTimeOffset? Since(EvidenceBundle evidence)
    {
        var troubled = Symptoms.Troubled(evidence).Select(found => found.Pod)
            .Concat(evidence.Pods.Where(pod => !pod.Ready && !pod.Terminating))
            .ToList();
        var names = troubled.Select(pod => pod.Name).ToHashSet(StringComparer.Ordinal);
        var warnings = evidence.Events.Where(e => e.Type == "Warning" && names.Contains(e.Subject) && e.First is not null)
            .Select(e => e.First!.Value).ToList();
        if (warnings.Count > 0) return warnings.Min();
        return troubled.Count > 0 ? troubled.Min(pod => pod.CreatedAt) : evidence.Workload?.Condition("Progressing")?.Since;
    }

    private static Detection Healthy(string reason, params string[] evidence) => new(DetectionVerdict.Healthy, null, reason, evidence);
}
