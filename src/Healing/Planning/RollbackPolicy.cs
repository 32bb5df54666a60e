using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// May a Deployment be rolled back, and to which revision? The newest earlier one that was healthy: proven, or not disproven and served for
/// a while. Pure; asked with evidence when planning, and again with the live objects right before the first write.
/// </summary>
public static class RollbackPolicy
{
    public static RollbackVerdict Judge(WorkloadEvidence workload, IReadOnlyList<RevisionEvidence> revisions, TimeSpan minimumServed)
    {
        if (workload.Owner is { } owner) return Refuse($"the Deployment belongs to {owner.Tool} ({owner.Proof}): roll back there");
        if (workload.Deleting) return Refuse("the Deployment is being deleted");
        if (workload.Paused) return Refuse("the rollout is paused, which is somebody's intent");

        var ordered = revisions.OrderByDescending(revision => revision.Revision).ToList();
        if (ordered.Count == 0) return Refuse("the Deployment has no ReplicaSet");
        if (ordered[0].TemplateHash != workload.TemplateHash) return Refuse(
            $"the newest ReplicaSet {ordered[0].Name} is not of the current template: its rollout has not begun");

        var passed = new List<string>();
        foreach (var revision in ordered.Skip(1))
        {
            if (revision.TemplateHash == workload.TemplateHash) continue;
            var why = WhyNot(revision, minimumServed);
            if (why is null) return new RollbackVerdict(revision, $"to {revision.Name}: {Proof(revision)}");
            passed.Add($"{revision.Name} {why}");
        }

        return Refuse(passed.Count == 0 ? "there is no earlier revision"
            : $"no earlier revision is known to have been healthy: {string.Join("; ", passed)}");
    }

    private static string? WhyNot(RevisionEvidence revision, TimeSpan minimumServed)
    {
        if (revision.WasUnhealthy is { } disproof) return disproof;
        if (revision.WasHealthy is not null) return null;
        if (revision.ServedFor is not { } served) return "has nothing that proves it";
        return served >= minimumServed
            ? null
            : string.Create(
                CultureInfo.InvariantCulture, $"served for {served.TotalSeconds:0} s only, {minimumServed.TotalSeconds:0} s are asked for");
    }

    private static string Proof(RevisionEvidence revision) =>
        revision.WasHealthy ?? string.Create(CultureInfo.InvariantCulture, $"served for {revision.ServedFor!.Value.TotalSeconds:0} s");

    private static RollbackVerdict Refuse(string reason) => new(null, reason);
}

/// <param name="Revision">Where to; null when it must not be done.</param>
public sealed record RollbackVerdict(RevisionEvidence? Revision, string Reason);
