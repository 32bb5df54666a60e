using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// Was a revision healthy when it was replaced? Kubernetes keeps no history of that, so it is read from what remains: ready replicas that
/// it
/// still has, and the Deployment's Available condition, whose last change lies before or after the newer ReplicaSet. Pure.
/// </summary>
public static class RevisionHealth
{
    /// <param name="revisions">All revisions, in any order; their health fields are filled in.</param>
    /// <param name="removedHashes">Templates that the healer itself removed because of a fault.</param>
    /// <returns>The revisions, the newest first.</returns>
    public static IReadOnlyList<RevisionEvidence> Judge(
        IReadOnlyList<RevisionEvidence> revisions, ConditionEvidence? available, IReadOnlyCollection<string> removedHashes)
    {
        var ordered = revisions.OrderByDescending(revision => revision.Revision).ToList();
        for (var i = 1; i < ordered.Count; i++)
        {
            var (revision, next) = (ordered[i], ordered[i - 1]);
            var served = next.CreatedAt - revision.CreatedAt;
            var (proof, disproof) = Prove(revision, i == 1 ? next : null, available, removedHashes);
            ordered[i] = revision with { WasHealthy = proof, WasUnhealthy = disproof, ServedFor = served > TimeSpan.Zero ? served : null };
        }

        return ordered;
    }

    private static (string? Proof, string? Disproof) Prove(
        RevisionEvidence revision, RevisionEvidence? newest, ConditionEvidence? available, IReadOnlyCollection<string> removedHashes)
    {
        if (revision.ReadyReplicas > 0)
        {
            return (string.Create(CultureInfo.InvariantCulture, $"{revision.ReadyReplicas} of its replicas are ready now"), null);
        }

        // Ready replicas speak louder: what was removed once may have been repaired since, in a ConfigMap for example.
        if (removedHashes.Contains(revision.TemplateHash)) return (null, "was removed by the healer before, because of a fault");

        // Only the revision right before the newest one is the one that the condition was about at that time.
        if (newest is null || available?.Since is not { } since) return (null, null);
        var changedBefore = since <= newest.CreatedAt;
        if (available.Status
            && changedBefore) return ($"the Deployment has been available since {since:u}, before {newest.Name} came", null);
        if (!available.Status && !changedBefore) return ($"the Deployment was available until {since:u}, after {newest.Name} came", null);
        if (!available.Status && changedBefore) return (null, $"was not available when {newest.Name} came: not since {since:u}");
        return (null, null);
    }
}
