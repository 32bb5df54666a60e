using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>What a workload was before: its ReplicaSets or ControllerRevisions, and what the newest of them changed.</summary>
/// <param name="Previous">The template before the current one; null when there is none.</param>
/// <param name="Pods">Those of the given pods that are the workload's.</param>
internal sealed record History(
    IReadOnlyList<RevisionEvidence> Revisions, TemplateChange? Change, JsonObject? Previous, IReadOnlyList<Pod> Pods)
{
    private const string RevisionLabel = "controller-revision-hash";

    public static History None(IReadOnlyList<Pod> pods) => new([], null, null, pods);

    /// <summary>The revision objects of the workload; null when they could not be read, empty for kinds without history.</summary>
    public static async Task<IReadOnlyList<KubernetesObject>?> ReadAsync(PartReader reader, Subject subject)
    {
        var kind = subject.Workload?.Kind switch
        {
            "Deployment" => "ReplicaSet",
            "StatefulSet" or "DaemonSet" => "ControllerRevision",
            _ => null,
        };
        if (kind is null) return [];
        var workload = subject.Workload!;
        var options = new ListOptions { LabelSelector = Selection.Of(workload.Field("spec", "selector"))?.ToString() };
        var list = await reader.ListAsync<KubernetesObject>($"history ({kind}s)", KindCatalogue.Find(kind)!, subject.Namespace, options);
        return list is null ? null : [.. list.Where(item => item.Metadata.ControllerOwner()?.Uid == workload.Metadata.Uid)];
    }

    public static History Of(
        KubernetesObject? workload, IReadOnlyList<KubernetesObject> revisions, IReadOnlyList<Pod> pods, IReadOnlyCollection<string> removed)
    {
        if (workload is null || revisions.Count == 0) return None(pods);
        return workload.Kind == "Deployment" ? OfDeployment(workload, revisions, pods, removed)
            : OfControllerRevisions(workload, revisions, pods, removed);
    }

    /// <summary>The name of the revision that a pod is of.</summary>
    public string RevisionOf(Pod pod)
    {
        // A StatefulSet writes the revision's whole name into the label, a DaemonSet only the end of it.
        if (pod.Metadata.Label(RevisionLabel) is { Length: > 0 } hash
            && Revisions.FirstOrDefault(item => item.Name == hash || item.Name.EndsWith($"-{hash}", StringComparison.Ordinal)) is { } known)
        {
            return known.Name;
        }

        return pod.Metadata.ControllerOwner()?.Name ?? "";
    }

    private static History OfDeployment(
        KubernetesObject workload, IReadOnlyList<KubernetesObject> revisions, IReadOnlyList<Pod> pods, IReadOnlyCollection<string> removed)
    {
        var sets = revisions.Select(item => KubernetesObject.FromJson<ReplicaSet>(item.ToJson()));
        var facts = DeploymentFacts.Of(KubernetesObject.FromJson<Deployment>(workload.ToJson()), sets, removed);
        var (current, previous) = NewestTwo(facts.Revisions, facts.Workload.TemplateHash);
        var (now, before) = (current is null ? null : facts.Set(current), previous is null ? null : facts.Set(previous));
        var uids = revisions.Select(item => item.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        return new History(
            facts.Revisions,
            Diff(now?.Metadata, now?.Spec?.Template, before?.Metadata, before?.Spec?.Template,
                now?.Metadata.Annotation("deployment.kubernetes.io/revision-history") is not null),
            before?.Spec?.Template,
            [.. pods.Where(pod => uids.Contains(pod.Metadata.ControllerOwner()?.Uid ?? ""))]);
    }

    private static History OfControllerRevisions(
        KubernetesObject workload, IReadOnlyList<KubernetesObject> revisions, IReadOnlyList<Pod> pods, IReadOnlyCollection<string> removed)
    {
        var kept = revisions.OrderByDescending(Number).ThenBy(item => item.Metadata.Name, StringComparer.Ordinal)
            .Take(EvidenceLimits.Revisions).ToList();
        var hash = WorkloadFacts.TemplateHash(workload);

        // The server may have filled in defaults since the revision was recorded: then the controller's word counts.
        var update = ObjectFacts.Text(workload.Field("status") ?? default, "updateRevision");
        var isSeen = WorkloadFacts.Number(workload, "status", "observedGeneration") >= (workload.Metadata.Generation ?? 0);
        var matches = kept.Any(item => Hash(item) == hash);
        var described = kept.Select(item => Describe(
            item, !matches && isSeen && item.Metadata.Name == update ? hash : Hash(item), pods)).ToList();
        var judged = RevisionHealth.Judge(described, available: null, removed);

        var (current, previous) = NewestTwo(judged, hash);
        var now = kept.FirstOrDefault(item => item.Metadata.Uid == current?.Uid);
        var before = kept.FirstOrDefault(item => item.Metadata.Uid == previous?.Uid);
        var change = Diff(now?.Metadata, now is null ? null : Template(now), before?.Metadata, before is null ? null : Template(before),
            mayBeReused: true);
        return new History(judged, change, before is null ? null : Template(before), pods);
    }

    // The one that is wanted now, and the newest before it. Before the controller made a revision there is no current one.
    private static (RevisionEvidence? Current, RevisionEvidence? Previous) NewestTwo(IReadOnlyList<RevisionEvidence> revisions, string hash)
    {
        var current = revisions.FirstOrDefault(revision => revision.TemplateHash == hash);
        var previous = revisions.FirstOrDefault(revision =>
            revision.TemplateHash != hash && (current is null || revision.Revision < current.Revision));
        return (current, previous);
    }

    private static TemplateChange? Diff(ObjectMeta? current, JsonObject? now, ObjectMeta? previous, JsonObject? before, bool mayBeReused)
    {
        if (current is null || now is null || previous is null || before is null) return null;
        var (differences, omitted) = TemplateDiff.Compare(before, now);

        // A revision that was put back is an old object; the controller's write of its number is when the change came.
        var at = current.CreationTimestamp ?? DateTimeOffset.MinValue;
        if (mayBeReused && FieldManagers.All(current) is [var (_, written), ..] && written > at) at = written.Value;
        return new TemplateChange($"change/{current.Name}", previous.Name ?? "", current.Name ?? "", at, differences, omitted);
    }

    private static RevisionEvidence Describe(KubernetesObject revision, string hash, IReadOnlyList<Pod> pods)
    {
        var name = revision.Metadata.Name ?? "";
        var own = pods.Where(pod => pod.Metadata.Label(RevisionLabel) is { Length: > 0 } label
            && (label == name || name.EndsWith($"-{label}", StringComparison.Ordinal))).ToList();
        var template = Template(revision);
        return new RevisionEvidence(
            $"controllerrevision/{name}", name, revision.Metadata.Uid ?? "", Number(revision),
            revision.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            own.Count,
            own.Count(pod => pod.Status?.Condition("Ready")?.IsTrue == true && pod.Metadata.DeletionTimestamp is null),
            hash,
            [.. (template is null ? [] : PodTemplate.Spec(template).Containers)
                .Select(container => SafeText.Line(container.Image, EvidenceLimits.MessageLength))],
            null, null, null);
    }

    private static string Hash(KubernetesObject revision) => PodTemplates.Hash(Template(revision) ?? []);

    // Kept as a patch of the workload: the template and the order to replace the one that is there.
    private static JsonObject? Template(KubernetesObject revision)
    {
        if (revision.Field("data", "spec", "template") is not { ValueKind: JsonValueKind.Object } data) return null;
        var template = JsonObject.Create(data)!;
        template.Remove("$patch");
        return template;
    }

    private static long Number(KubernetesObject revision) =>
        revision.Field("revision") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var n) ? n : 0;
}
