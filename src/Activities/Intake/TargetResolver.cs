using System.Net;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// From the labels of an alert to the object at fault: a pod leads to the workload at the top of its owners, whether the pod still exists
/// or not, a Job to its CronJob, and host:port to the node that has the address. Reads only. One resolver serves one batch: it asks for a
/// list once.
/// </summary>
internal sealed class TargetResolver(IKubernetesClient client, string cluster) : ITargetResolver
{
    private static readonly ResourceKind Job = new("batch", TargetKinds.Job);

    private readonly OwnerSearch _owners = new(client);
    private readonly Lazy<Task<KubernetesList<Node>>> _nodes =
        new(() => client.ListAsync<Node>(null, new ListOptions(), CancellationToken.None));

    public async Task<TargetResolution> ResolveAsync(TargetCandidate candidate, CancellationToken cancellationToken)
    {
        if (candidate.Kind == TargetKinds.Pod) return await OfPodAsync(candidate, cancellationToken);
        var (found, how) = candidate.Kind switch
        {
            TargetKinds.ReplicaSet => await OfOwnedAsync(candidate, ResourceKind.Of<ReplicaSet>(), cancellationToken),
            TargetKinds.Job => await OfOwnedAsync(candidate, Job, cancellationToken),
            TargetKinds.Node => await OfNodeAsync(candidate, cancellationToken),
            TargetKinds.Namespace => (candidate with { Namespace = candidate.Name }, candidate.Rule),
            _ => (candidate, candidate.Rule),
        };
        return Found(found, how);
    }

    private TargetResolution Found(TargetCandidate found, string how) =>
        new(TargetVerdict.Found, new TargetReference(cluster, found.Kind, found.Namespace, found.Name), how);

    private async Task<TargetResolution> OfPodAsync(TargetCandidate pod, CancellationToken cancellationToken)
    {
        var live = await client.TryGetAsync<Pod>(pod.Namespace, pod.Name, cancellationToken);
        var (found, how) = live is not null
            ? await _owners.ClimbAsync(pod, live.Metadata, cancellationToken)
            : await _owners.OfGonePodAsync(pod, cancellationToken);
        return Found(found, how) with { Node = live?.Spec?.NodeName };
    }

    private async Task<(TargetCandidate Found, string How)> OfOwnedAsync(
        TargetCandidate owned, ResourceKind kind, CancellationToken cancellationToken) =>
        await client.TryGetAsync<KubernetesObject>(kind, owned.Namespace, owned.Name, cancellationToken) is { } live
            ? await _owners.ClimbAsync(owned, live.Metadata, cancellationToken)
            : (owned, owned.Rule);

    private async Task<(TargetCandidate Found, string How)> OfNodeAsync(TargetCandidate node, CancellationToken cancellationToken)
    {
        var host = MachineAddress.HostOf(node.Name);
        var isAddress = IPAddress.TryParse(host, out _);
        if (!isAddress && await client.TryGetAsync<Node>(null, host, cancellationToken) is not null)
        {
            return (node with { Name = host }, node.Rule);
        }

        var nodes = await _nodes.Value.WaitAsync(cancellationToken);
        var (matches, how) = NodeNames.Find(nodes.Items, host);
        if (matches is [var match]) return (node with { Name = match }, $"{how} {host}");
        if (matches.Count > 1) how = $"{matches.Count} nodes have the {how} {host}, so that none is meant for sure";
        // A plain name was a node once. An address that no node has is that of a machine beside the cluster.
        var isNodeName = !isAddress && host == node.Name && !host.Contains('.', StringComparison.Ordinal);
        return isNodeName
            ? (node with { Name = host }, $"no node is called {host} any more")
            : (node with { Kind = TargetKinds.Host, Name = host }, matches.Count > 1 ? how : $"no node has the address {host}");
    }
}
