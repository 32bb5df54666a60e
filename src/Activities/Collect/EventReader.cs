using System.Globalization;
using System.Text.Json;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>Whose events are wanted.</summary>
internal sealed record EventSubject(string Kind, string? Namespace, string Name, string? Uid);

/// <summary>
/// What components reported about the target and what belongs to it, the newest first. One list of the namespace while it is small.
/// Servers keep events neither indexed nor in memory, so that any list with a selector makes them read all: in a namespace with very many
/// events one list brings what is no matter of course, and only the most important subjects are asked for by themselves. Where core
/// events may not be read, those of events.k8s.io are: the server keeps both in one place, and shows each event in both.
/// </summary>
internal static class EventReader
{
    private const string Part = "events";
    private static readonly ResourceKind Core = KindCatalogue.Find("Event")!;
    private static readonly ResourceKind Newer = new("events.k8s.io", "Event");

    /// <param name="subjects">The most important first.</param>
    public static async Task<IReadOnlyList<EventEvidence>> ReadAsync(PartReader reader, string ns, IReadOnlyList<EventSubject> subjects)
    {
        var local = subjects.Where(subject => !string.IsNullOrEmpty(subject.Namespace)).ToList();
        var outside = subjects.Except(local).Take(EvidenceLimits.EventSubjects);

        // Events about objects without a namespace are kept in this one.
        var reads = outside.Select(subject => OneByOneAsync(reader, "default", [subject])).ToList();
        if (ns.Length > 0 && local.Count > 0) reads.Add(OfNamespaceAsync(reader, ns, local));
        return Merge(reader, (await Task.WhenAll(reads)).SelectMany(found => found));
    }

    private static async Task<IEnumerable<KubernetesEvent>> OfNamespaceAsync(
        PartReader reader, string ns, IReadOnlyList<EventSubject> subjects)
    {
        var options = new ListOptions { Limit = EvidenceLimits.EventsScanned, PageSize = EvidenceLimits.EventsPerPage };
        var list = await reader.ListOnceAsync<KubernetesEvent>(Part, Core, ns, options);
        if (list is null) return await NewerAsync(reader, ns, subjects);
        if (list.IsTruncated) return await OfCrowdAsync(reader, ns, subjects);
        return list.Items.Where(item => subjects.Any(subject => IsAbout(item, subject)));
    }

    private static async Task<IEnumerable<KubernetesEvent>> OfCrowdAsync(PartReader reader, string ns, IReadOnlyList<EventSubject> subjects)
    {
        var first = subjects.Take(EvidenceLimits.EventSubjectsOfCrowd).ToList();
        var asking = OneByOneAsync(reader, ns, first);
        var warnings = await reader.ListOnceAsync<KubernetesEvent>("warnings", Core, ns, new ListOptions
        {
            FieldSelector = "type!=Normal", Limit = EvidenceLimits.EventsScanned, PageSize = EvidenceLimits.EventsPerPage,
        });
        var others = subjects.Skip(first.Count).ToList();
        if (warnings is null or { IsTruncated: true }) return [.. await asking, .. await OneByOneAsync(reader, ns, others)];
        if (others.Count > 0) reader.Gap($"events: of {others.Count} objects only warnings were read, the namespace has too many");
        return [.. await asking, .. warnings.Items.Where(item => others.Any(subject => IsAbout(item, subject)))];
    }

    private static async Task<IEnumerable<KubernetesEvent>> OneByOneAsync(
        PartReader reader, string ns, List<EventSubject> subjects)
    {
        if (subjects.Count > EvidenceLimits.EventSubjects)
        {
            reader.Gap($"events: those of {subjects.Count - EvidenceLimits.EventSubjects} of {subjects.Count} objects were not read, "
                + "the namespace has too many");
        }

        var lists = await Task.WhenAll(subjects.Take(EvidenceLimits.EventSubjects).Select(subject =>
            reader.ListAsync<KubernetesEvent>($"events of {subject.Kind} '{subject.Name}'", Core, ns, new ListOptions
            {
                FieldSelector = $"involvedObject.kind={FieldSelector.Escape(subject.Kind)},"
                    + $"involvedObject.name={FieldSelector.Escape(subject.Name)}",
                Limit = EvidenceLimits.EventsPerObject,
                PageSize = EvidenceLimits.EventsPerPage,
            })));
        return lists.SelectMany(list => list ?? []).Where(item => subjects.Any(subject => IsAbout(item, subject)));
    }

    private static async Task<IEnumerable<KubernetesEvent>> NewerAsync(PartReader reader, string ns, IReadOnlyList<EventSubject> subjects)
    {
        var options = new ListOptions { Limit = EvidenceLimits.EventsScanned, PageSize = EvidenceLimits.EventsPerPage };
        var list = await reader.ListAsync<KubernetesObject>($"{Part} (events.k8s.io)", Newer, ns, options);
        return (list ?? []).Select(FromNewer).Where(item => subjects.Any(subject => IsAbout(item, subject)));
    }

    // Names are used again, so that the uid counts where both are known; a kubelet writes its node's name in its place.
    private static bool IsAbout(KubernetesEvent item, EventSubject subject)
    {
        var about = item.InvolvedObject;
        return about.Kind == subject.Kind && about.Name == subject.Name
            && (subject.Kind == "Node" || string.IsNullOrEmpty(about.Uid) || string.IsNullOrEmpty(subject.Uid) || about.Uid == subject.Uid);
    }

    // The same event read over both APIs has one uid; the same message reported again and again becomes one with a count. Cleaning comes
    // last, for those that are kept.
    private static IReadOnlyList<EventEvidence> Merge(PartReader reader, IEnumerable<KubernetesEvent> events)
    {
        var merged = events.DistinctBy(item => item.Metadata.Uid ?? $"{item.Metadata.Namespace}/{item.Metadata.Name}")
            .GroupBy(item => (item.InvolvedObject.Kind, item.InvolvedObject.Name, item.Type, item.Reason, item.Message))
            .OrderByDescending(group => group.Max(item => item.LastSeen)).ThenBy(group => group.Key.Kind, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Name, StringComparer.Ordinal).ThenBy(group => group.Key.Reason, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Message, StringComparer.Ordinal).ToList();
        if (merged.Count > EvidenceLimits.Events) reader.Gap($"events: {merged.Count - EvidenceLimits.Events} older ones were left out");
        return [.. merged.Take(EvidenceLimits.Events).Select((group, index) => Describe(group.ToList(), index))];
    }

    private static EventEvidence Describe(List<KubernetesEvent> same, int index)
    {
        var (item, last) = (same[0], same.Max(one => one.LastSeen));
        return new EventEvidence(
            string.Create(CultureInfo.InvariantCulture, $"event/{index + 1}"),
            SafeText.Line(item.Type, 40),
            SafeText.Line(item.Reason, 100),
            SafeText.Line(item.InvolvedObject.Name, 253),
            SafeText.Line(Scrubber.Scrub(SafeText.Clean(item.Message, 4 * EvidenceLimits.MessageLength)), EvidenceLimits.MessageLength),
            (int)Math.Min(int.MaxValue, same.Sum(one => (long)one.Occurrences)),
            same.Min(one => one.FirstTimestamp ?? one.EventTime ?? one.Metadata.CreationTimestamp),
            last == DateTimeOffset.MinValue ? null : last)
        {
            Kind = SafeText.Line(item.InvolvedObject.Kind, 100),
        };
    }

    private static KubernetesEvent FromNewer(KubernetesObject item)
    {
        var about = item.Field("regarding") ?? default;
        var series = item.Field("series") ?? default;
        return new KubernetesEvent
        {
            Metadata = item.Metadata,
            InvolvedObject = new ObjectReference
            {
                Kind = Text(about, "kind"), Name = Text(about, "name"), Namespace = Text(about, "namespace"), Uid = Text(about, "uid"),
            },
            Type = Text(item, "type"),
            Reason = Text(item, "reason"),
            Message = Text(item, "note"),
            Count = Number(item.Field("deprecatedCount")),
            FirstTimestamp = Time(item.Field("deprecatedFirstTimestamp")),
            LastTimestamp = Time(item.Field("deprecatedLastTimestamp")),
            EventTime = Time(item.Field("eventTime")),
            Series = series.ValueKind != JsonValueKind.Object ? null : new EventSeries
            {
                Count = series.TryGetProperty("count", out var count) ? Number(count) : null,
                LastObservedTime = series.TryGetProperty("lastObservedTime", out var last) ? Time(last) : null,
            },
        };
    }

    private static string? Text(KubernetesObject item, string name) => item.Field(name)?.ToString();

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value.ToString() : null;

    private static int? Number(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var n) ? n : null;

    private static DateTimeOffset? Time(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time) ? time : null;
}
