using System.Globalization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.DurableTask;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// Looks at a target and brings back a bounded bundle. Reads only. What one part refuses becomes a gap of the bundle; when the cluster
/// gives no answer at all the activity fails, and its caller tries again later.
/// </summary>
[DurableTask(ActivityNames.CollectEvidence)]
internal sealed class CollectEvidenceActivity(IKubernetesClient client, IHealStore store, AutonomyReader autonomy, TimeProvider time)
    : TaskActivity<CollectRequest, EvidenceBundle>
{
    public override async Task<EvidenceBundle> RunAsync(TaskActivityContext context, CollectRequest? input)
    {
        var target = input!.Target;
        var cancellationToken = CancellationToken.None;
        if (target.Kind != TargetKinds.Deployment)
        {
            var level = await autonomy.ReadAsync(null, target.Namespace, cancellationToken);
            return EvidenceBundle.Empty(target, time.GetUtcNow(), exists: true, level, $"a {target.Kind} cannot be looked at yet");
        }

        var deployment = await client.TryGetAsync<Deployment>(target.Namespace, target.Name, cancellationToken);
        var setting = await autonomy.ReadAsync(deployment, target.Namespace, cancellationToken);
        return deployment is null
            ? EvidenceBundle.Empty(target, time.GetUtcNow(), exists: false, setting, "the Deployment does not exist")
            : await CollectAsync(target, deployment, setting, cancellationToken);
    }

    private async Task<EvidenceBundle> CollectAsync(
        TargetReference target, Deployment deployment, AutonomySetting setting, CancellationToken cancellationToken)
    {
        var gaps = new List<string>();
        var removed = await RemovedTemplates.OfAsync(store, target, time.GetUtcNow(), cancellationToken);
        var facts = await DeploymentFacts.ReadAsync(client, deployment, removed, cancellationToken);
        var pods = await PodsAsync(facts, cancellationToken);
        var ordered = PodReader.Describe(pods);
        if (ordered.Count > EvidenceLimits.Pods)
        {
            gaps.Add(string.Create(CultureInfo.InvariantCulture,
                $"{ordered.Count - EvidenceLimits.Pods} of {ordered.Count} pods were left out, healthy ones first"));
            ordered = [.. ordered.Take(EvidenceLimits.Pods)];
        }

        var (current, previous) = NewestTwo(facts);
        var configs = await new ConfigReader(client).ReadAsync(
            target.Namespace,
            ConfigReferences.Of(deployment.Spec?.Template),
            ConfigReferences.Of(previous?.Spec?.Template),
            gaps,
            cancellationToken);
        var events = await new EventReader(client).ReadAsync(target.Namespace, facts, pods, ordered, gaps, cancellationToken);
        var logs = await new LogReader(client).ReadAsync(target.Namespace, ordered, gaps, cancellationToken);
        var nodes = await NodesAsync(ordered, gaps, cancellationToken);
        var neighbours = await Neighbours.UnreadyAsync(client, target, cancellationToken);
        return new EvidenceBundle(
            target, time.GetUtcNow(), true, setting, facts.Workload, facts.Revisions, Change(current, previous),
            ordered, events, logs, configs, nodes, neighbours, gaps);
    }

    private async Task<IReadOnlyList<Pod>> PodsAsync(DeploymentFacts facts, CancellationToken cancellationToken)
    {
        var options = new ListOptions { LabelSelector = facts.Deployment.Spec?.Selector?.ToString() };
        var list = await client.ListAsync<Pod>(facts.Deployment.Metadata.Namespace, options, cancellationToken);
        var sets = facts.ReplicaSets.Select(set => set.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        return [.. list.Items.Where(pod => sets.Contains(pod.Metadata.ControllerOwner()?.Uid ?? ""))];
    }

    // The one that the Deployment wants now, and the newest before it. Before the controller made a ReplicaSet there is no current one.
    private static (ReplicaSet? Current, ReplicaSet? Previous) NewestTwo(DeploymentFacts facts)
    {
        var current = facts.Revisions.FirstOrDefault(revision => revision.TemplateHash == facts.Workload.TemplateHash);
        var previous = facts.Revisions.FirstOrDefault(revision =>
            revision.TemplateHash != facts.Workload.TemplateHash && (current is null || revision.Revision < current.Revision));
        return (current is null ? null : facts.Set(current), previous is null ? null : facts.Set(previous));
    }

    private static TemplateChange? Change(ReplicaSet? current, ReplicaSet? previous)
    {
        if (current?.Spec?.Template is not { } now || previous?.Spec?.Template is not { } before) return null;
        var (differences, omitted) = TemplateDiff.Compare(before, now);
        var at = ChangedAt(current);
        return new TemplateChange($"change/{current.Metadata.Name}", previous.Metadata.Name ?? "", current.Metadata.Name
            ?? "", at, differences, omitted);
    }

    // A revision that was put back has an old ReplicaSet; the controller's write of its revision number is when the change came.
    private static DateTimeOffset ChangedAt(ReplicaSet current)
    {
        var created = current.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue;
        var revisited = current.Metadata.Annotation("deployment.kubernetes.io/revision-history") is not null;
        return revisited && FieldManagers.All(current.Metadata) is [var (_, at), ..] && at > created ? at.Value : created;
    }

    private async Task<IReadOnlyList<NodeEvidence>> NodesAsync(
        IReadOnlyList<PodEvidence> pods, List<string> gaps, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeEvidence>();
        foreach (var name in pods.Select(pod => pod.Node).OfType<string>().Distinct(StringComparer.Ordinal).Take(EvidenceLimits.Nodes))
        {
            try
            {
                if (await client.TryGetAsync<Node>(null, name, cancellationToken) is not { } node) continue;
                var ready = node.Status?.Condition("Ready");
                nodes.Add(new NodeEvidence($"node/{name}", name, ready?.IsTrue == true, node.Spec?.Unschedulable == true, ready?.Reason));
            }
            catch (KubernetesApiException e)
            {
                gaps.Add(SafeText.Line($"node '{name}': {e.Message}", EvidenceLimits.MessageLength));
            }
        }

        return nodes;
    }
}
