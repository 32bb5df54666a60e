using System.Text.Json;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// From the labels of an alert to the object at fault: a pod leads to the workload that owns it, whether the pod still exists or not, and
/// host:port leads to the node that has the address. Reads only.
/// </summary>
[DurableTask(ActivityNames.ResolveTarget)]
internal sealed class ResolveTargetActivity(IKubernetesClient client, IOptionsMonitor<HealOptions> options)
    : TaskActivity<Signal, TargetResolution>
{
    private const int MaxOwners = 4;

    public override async Task<TargetResolution> RunAsync(TaskActivityContext context, Signal? input)
    {
        var (signal, cluster) = (input!, options.CurrentValue.Cluster);
        var named = signal.Target is { } target
            ? new TargetIdentification(TargetVerdict.Found, target, target.Rule)
            : TargetPolicy.Identify(signal.Alert, cluster);
        if (named.Candidate is not { } candidate) return new TargetResolution(named.Verdict, null, named.Reason);

        var (found, how) = candidate.Kind switch
        {
            TargetKinds.Pod => await OfPodAsync(candidate, CancellationToken.None),
            TargetKinds.ReplicaSet => await OfReplicaSetAsync(candidate, CancellationToken.None),
            TargetKinds.Node => await OfNodeAsync(candidate, CancellationToken.None),
            _ => (candidate, candidate.Rule),
        };
        return new TargetResolution(TargetVerdict.Found, new TargetReference(cluster, found.Kind, found.Namespace, found.Name), how);
    }

    private async Task<(TargetCandidate Found, string How)> OfPodAsync(TargetCandidate pod, CancellationToken cancellationToken)
    {
        var live = await client.TryGetAsync<Pod>(pod.Namespace, pod.Name, cancellationToken);
        if (live is not null) return await ClimbAsync(pod, live.Metadata, cancellationToken);

        // A pod of a ReplicaSet is named set-xxxxx. The set outlives its pods; when it is gone too, its Deployment's name is the set's
        // without the hash.
        var set = Cut(pod.Name);
        if (set is not null && await client.TryGetAsync<ReplicaSet>(pod.Namespace, set, cancellationToken) is { } found)
        {
            return await ClimbAsync(pod with { Kind = TargetKinds.ReplicaSet, Name = set }, found.Metadata, cancellationToken);
        }

        var deployment = set is null ? null : Cut(set);
        if (deployment is not null && await client.TryGetAsync<Deployment>(pod.Namespace, deployment, cancellationToken) is not null)
        {
            return (pod with { Kind = TargetKinds.Deployment, Name = deployment },
                $"pod {pod.Name} is gone; its name leads to Deployment {deployment}");
        }

        var byName = await LongestDeploymentAsync(pod, cancellationToken);
        return byName is null
            ? (pod, $"pod {pod.Name} is gone, and no workload of its name was found")
            : (pod with { Kind = TargetKinds.Deployment, Name = byName },
                $"pod {pod.Name} is gone; its name begins as that of Deployment {byName}");
    }

    // Names are cut at 63 characters when pods are named, so that hash and suffix may stand elsewhere: the longest name that fits is the
    // owner.
    private async Task<string?> LongestDeploymentAsync(TargetCandidate pod, CancellationToken cancellationToken)
    {
        var list = await client.ListAsync<Deployment>(pod.Namespace, new ListOptions(), cancellationToken);
        return list.Items.Select(item => item.Metadata.Name ?? "")
            .Where(name => name.Length > 0 && IsGeneratedFrom(pod.Name, name))
            .OrderByDescending(name => name.Length).FirstOrDefault();
    }

    // deployment-hash-xxxxx: a hash of up to 10 and a suffix of 5 characters out of an alphabet without vowels.
    private static bool IsGeneratedFrom(string pod, string deployment)
    {
        if (!pod.StartsWith(deployment + "-", StringComparison.Ordinal)) return false;
        var rest = pod[(deployment.Length + 1)..].Split('-');
        return rest.Length == 2 && rest[0].Length is >= 1 and <= 10 && rest[1].Length == 5 && rest.All(part => part.All(IsOfSafeAlphabet));
    }

    private static bool IsOfSafeAlphabet(char c) => "bcdfghjklmnpqrstvwxz0123456789".Contains(c, StringComparison.Ordinal);

    private async Task<(TargetCandidate Found, string How)> OfReplicaSetAsync(TargetCandidate set, CancellationToken cancellationToken)
    {
        var live = await client.TryGetAsync<ReplicaSet>(set.Namespace, set.Name, cancellationToken);
        return live is null ? (set, set.Rule) : await ClimbAsync(set, live.Metadata, cancellationToken);
    }

    // Up the chain of controlling owners to the top.
    private async Task<(TargetCandidate Found, string How)> ClimbAsync(
        TargetCandidate from, ObjectMeta metadata, CancellationToken cancellationToken)
    {
        var at = from;
        var path = $"{from.Kind} {from.Name}";
        var owner = metadata.ControllerOwner();
        for (var step = 0; owner is not null && step < MaxOwners; step++)
        {
            // A static pod is owned by its node; the pod is what fails.
            if (owner.Kind == TargetKinds.Node) break;
            at = at with { Kind = owner.Kind, Name = owner.Name };
            path = $"{path} -> {owner.Kind} {owner.Name}";
            if (owner.Kind != TargetKinds.ReplicaSet && owner.Kind != TargetKinds.Job) break;
            var next = await client.TryGetAsync<KubernetesObject>(
                ResourceKind.FromApiVersion(owner.ApiVersion, owner.Kind), from.Namespace, owner.Name, cancellationToken);
            owner = next?.Metadata.ControllerOwner();
        }

        return (at, path);
    }

    private async Task<(TargetCandidate Found, string How)> OfNodeAsync(TargetCandidate node, CancellationToken cancellationToken)
    {
        var host = node.Name.LastIndexOf(':') is > 0 and var colon ? node.Name[..colon] : node.Name;
        if (await client.TryGetAsync<Node>(null, host, cancellationToken) is not null) return (node with { Name = host }, node.Rule);

        var nodes = await client.ListAsync<Node>(null, new ListOptions(), cancellationToken);
        var match = nodes.Items.FirstOrDefault(item => Addresses(item).Contains(host));
        return match is null ? (node with { Name = host }, $"no node has the address {host}")
            : (node with { Name = match.Metadata.Name! }, $"address {host}");
    }

    private static IEnumerable<string?> Addresses(Node node) =>
        node.Status?.OtherFields is { } fields && fields.TryGetValue("addresses", out var addresses)
            && addresses.ValueKind == JsonValueKind.Array
            ? addresses.EnumerateArray().Select(address => address.TryGetProperty("address", out var text) ? text.ToString() : null)
            : [];

    private static string? Cut(string name) => name.LastIndexOf('-') is > 0 and var dash ? name[..dash] : null;
}
