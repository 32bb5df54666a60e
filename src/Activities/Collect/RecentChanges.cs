using System.Globalization;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Who wrote what, lately, out of everything that was read: the first question of everybody who looks into an incident.</summary>
internal static class RecentChanges
{
    public static IReadOnlyList<ChangeEvidence> Of(
        Subject subject, History history, IReadOnlyList<ConfigEvidence> configs, IReadOnlyList<RelatedEvidence> related, DateTimeOffset now)
    {
        var changes = subject.Chain().SelectMany(OfObject)
            .Concat(history.Revisions.Select(item => new ChangeEvidence("", item.CreatedAt, item.Id, null, "revision was made")))
            .Concat(configs.SelectMany(item => OfTimes(item.Id, item.CreatedAt, item.ChangedAt, "content was written")))
            .Concat(related.SelectMany(item => OfTimes(item.Id, item.CreatedAt, item.ChangedAt, "was written")));
        return
        [
            .. changes.Where(item => now - item.At <= EvidenceLimits.RecentWindow)
                .OrderByDescending(item => item.At).ThenBy(item => item.Subject, StringComparer.Ordinal)
                .ThenBy(item => item.What, StringComparer.Ordinal).ThenBy(item => item.By, StringComparer.Ordinal)
                .Take(EvidenceLimits.RecentChanges)
                .Select((item, index) => item with { Id = string.Create(CultureInfo.InvariantCulture, $"recent/{index + 1}") }),
        ];
    }

    private static IEnumerable<ChangeEvidence> OfObject(KubernetesObject item)
    {
        var subject = $"{item.Kind?.ToLowerInvariant()}/{item.Metadata.Name}";
        if (item.Metadata.CreationTimestamp is { } created) yield return new ChangeEvidence("", created, subject, null, "was made");
        if (item.Metadata.DeletionTimestamp is { } deleted) yield return new ChangeEvidence("", deleted, subject, null, "is to be deleted");
        if (FieldManagers.WantedAt(item.Metadata) is var (who, at) && at != item.Metadata.CreationTimestamp)
        {
            yield return new ChangeEvidence("", at, subject, who, "spec was written");
        }
    }

    private static IEnumerable<ChangeEvidence> OfTimes(string subject, DateTimeOffset? created, DateTimeOffset? changed, string what)
    {
        if (created is { } made) yield return new ChangeEvidence("", made, subject, null, "was made");
        if (changed is { } written && written != created) yield return new ChangeEvidence("", written, subject, null, what);
    }
}
