using System.Globalization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.Extensions.Options;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// Looks at a target of any kind and what stands around it, and brings back one whole bundle. Reads only: the target, its owners, then
/// everything else side by side. Lists are of a namespace and matched here; logs and events are of the pods that matter.
/// </summary>
internal sealed class EvidenceCollector(
    IKubernetesClient client, IHealStore store, AutonomyReader autonomy, IOptionsMonitor<HealOptions> options, TimeProvider time)
{
    private const int EventPods = 5;
    private const int EventRevisions = 2;
    private const int EventNodes = 2;

    // A name and two counts are looked at of each: who wrote which field is a third of what there is to read.
    private static readonly ListOptions Neighbours = new() { Trim = new ObjectTrim() };

    /// <exception cref="KubernetesUnreachableException">The cluster gives no answer at all: try again later.</exception>
    /// <exception cref="TimeoutException">The same, and the time for the bundle is over.</exception>
    public async Task<EvidenceBundle> CollectAsync(TargetReference target)
    {
        using var reader = new PartReader(client, options.CurrentValue.Evidence, time);
        if (KindCatalogue.Find(target.Kind) is not { } kind)
        {
            var level = await AutonomyAsync(reader, [], target);
            return EvidenceBundle.Empty(target, time.GetUtcNow(), exists: true, level,
                $"a {target.Kind} cannot be looked at: expected a kind of Kubernetes, a custom one as Kind.group");
        }

        var ns = target.Namespace.Length > 0 ? target.Namespace : null;
        var found = await reader.GetAsync<KubernetesObject>("target", kind, ns, target.Name);
        reader.ThrowIfNothingAnswered(target.ToString());
        if (found.Value is null)
        {
            if (found.Known) reader.Gap($"the {target.Kind} does not exist");
            var level = await AutonomyAsync(reader, [], target);
            return EvidenceBundle.Empty(target, time.GetUtcNow(), exists: !found.Known, level, [.. reader.Gaps()]);
        }

        var bundle = await CollectAsync(reader, await Subject.ReadAsync(reader, target, found.Value));
        reader.ThrowIfNothingAnswered($"what belongs to {target}");
        return EvidenceSize.Fit(bundle with { Gaps = reader.Gaps() }, EvidenceLimits.BundleBytes);
    }

    private async Task<EvidenceBundle> CollectAsync(PartReader reader, Subject subject)
    {
        var now = time.GetUtcNow();
        var ns = subject.Namespace;

        // What must not fail comes first, so that nothing else is under way when it does.
        var level = await AutonomyAsync(reader, [.. subject.Chain()], subject.Target);
        var removed = await RemovedAsync(subject);
        var finding = PodFinder.FindAsync(reader, subject);
        var reviewing = History.ReadAsync(reader, subject);
        var measuring = MeasureAsync(reader, subject);
        var deployments = ns.Length == 0
            ? Task.FromResult<IReadOnlyList<KubernetesObject>?>([])
            : reader.ListAsync<KubernetesObject>("neighbours (Deployments)", KindCatalogue.Find("Deployment")!, ns, Neighbours);
        var siblings = SiblingReader.ReadAsync(reader, subject, deployments);

        var history = History.Of(subject.Workload, await reviewing ?? [], await finding ?? [], removed);
        var first = subject.Kind == TargetKinds.Pod ? subject.Target.Name : null;
        var pods = Bound(reader, PodReader.Describe(history.Pods, first, history.RevisionOf, new Usage(await measuring ?? [])));

        var configs = ConfigReader.ReadAsync(
            reader, ns, ConfigReferences.Of(subject.Template()), ConfigReferences.Of(history.Previous));
        var events = EventReader.ReadAsync(reader, ns, EventSubjects(subject, history, pods));
        var logs = LogReader.ReadAsync(reader, ns, pods, first, now);
        var nodes = NodeReader.ReadAsync(reader, pods, subject.Kind == TargetKinds.Node ? subject.Target.Name : null);
        var related = RelatedReader.ReadAsync(reader, subject, history.Pods);
        await Task.WhenAll(siblings, configs, events, logs, nodes, related, deployments);

        var described = ObjectFacts.Describe(subject.Object, subject.Kind, out var omitted);
        if (omitted > 0) reader.Gap($"{omitted} values of the target were left out");
        var shape = subject.Kind == subject.Target.Kind ? WorkloadFacts.Describe(subject.Object) : null;
        return new EvidenceBundle(
            subject.Target, now, true, level, shape, history.Revisions, history.Change, pods, await events, await logs, await configs,
            await nodes, Unready(subject, await deployments ?? []), [])
        {
            Object = described,
            Owners = [.. subject.Owners.Select(owner => owner.Evidence)],
            Siblings = await siblings,
            Related = (await related).Related,
            Dependencies = DependencyFacts.Of(subject.Template(), await logs, (await related).Others, ns),
            BlockedUntil = await DependencyFacts.BackSinceAsync(reader, await logs, (await related).Others, ns),
            RecentChanges = RecentChanges.Of(subject, history, await configs, (await related).Related, now),
        };
    }

    // Not a part that may be missing: without it nobody knows what is allowed.
    private async Task<AutonomySetting> AutonomyAsync(
        PartReader reader, IReadOnlyList<KubernetesObject> chain, TargetReference target)
    {
        try
        {
            return await autonomy.ReadAsync(chain, target.Namespace, reader.Deadline);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"autonomy of {target}: no answer within the time that a bundle may take", e);
        }
    }

    private Task<IReadOnlyCollection<string>> RemovedAsync(Subject subject)
    {
        var target = subject.Workload is { Metadata.Name: { } name, Kind: { } kind }
            ? subject.Target with { Kind = kind, Name = name } : subject.Target;
        return RemovedTemplates.OfAsync(store, target, time.GetUtcNow(), CancellationToken.None);
    }

    private static Task<IReadOnlyList<KubernetesObject>?> MeasureAsync(PartReader reader, Subject subject)
    {
        // A whole cluster's metrics for the pods of one node would be too much: the node's own tell enough.
        if (subject.Namespace.Length == 0) return Task.FromResult<IReadOnlyList<KubernetesObject>?>([]);
        var selector = Selection.Of((subject.Workload ?? subject.Object).Field("spec", "selector"))?.ToString();
        return reader.ListAsync<KubernetesObject>(
            "usage of pods", KindCatalogue.Find("PodMetrics")!, subject.Namespace, new ListOptions { LabelSelector = selector });
    }

    private static IReadOnlyList<PodEvidence> Bound(PartReader reader, IReadOnlyList<PodEvidence> pods)
    {
        if (pods.Count <= EvidenceLimits.Pods) return pods;
        reader.Gap(string.Create(CultureInfo.InvariantCulture,
            $"{pods.Count - EvidenceLimits.Pods} of {pods.Count} pods were left out, healthy ones first"));
        return [.. pods.Take(EvidenceLimits.Pods)];
    }

    private static List<EventSubject> EventSubjects(Subject subject, History history, IReadOnlyList<PodEvidence> pods)
    {
        var chain = subject.Chain().Select(item => new EventSubject(
            item.Kind ?? "", item.Metadata.Namespace, item.Metadata.Name ?? "", item.Metadata.Uid));
        var sets = subject.Workload?.Kind == "Deployment"
            ? history.Revisions.Take(EventRevisions)
                .Select(item => new EventSubject("ReplicaSet", subject.Namespace, item.Name, item.Uid))
            : [];
        var uids = history.Pods.ToLookup(pod => (pod.Metadata.Namespace, pod.Metadata.Name), pod => pod.Metadata.Uid);
        EventSubject OfPod(PodEvidence pod) => new(
            "Pod", pod.Namespace, pod.Name, uids[(pod.Namespace, pod.Name)].FirstOrDefault());

        // Pods in trouble come first in the list; those of other namespaces, on a node, would each need a request of their own.
        var own = pods.Where(pod => pod.Namespace == subject.Namespace).ToList();
        var claims = history.Pods.SelectMany(PodFinder.Claims).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => new EventSubject("PersistentVolumeClaim", subject.Namespace, name, null)).Take(EventPods);
        var nodes = pods.Where(pod => !pod.Ready && pod.Node is not null).Select(pod => pod.Node!).Distinct(StringComparer.Ordinal)
            .Take(EventNodes).Select(name => new EventSubject("Node", null, name, null));
        return
        [
            .. chain, .. sets, .. own.Take(EventPods).Select(OfPod), .. claims, .. own.Skip(EventPods).Select(OfPod),
            .. subject.Kind == TargetKinds.Node ? [] : nodes,
        ];
    }

    private static IReadOnlyList<string> Unready(Subject subject, IReadOnlyList<KubernetesObject> deployments) =>
    [
        .. deployments.Where(item => item.Metadata.Name != subject.Target.Name)
            .Where(item => WorkloadFacts.Readiness(item) is var (ready, desired) && ready < desired)
            .Select(item => item.Metadata.Name ?? "").Order(StringComparer.Ordinal),
    ];
}
