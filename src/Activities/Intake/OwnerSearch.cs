using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>
/// Finds the object at the top of a chain of controlling owners; of a pod that is gone by its name, because alerts arrive minutes late.
/// What may not be read, or what the server does not serve, counts as not there.
/// </summary>
internal sealed partial class OwnerSearch(IKubernetesClient client)
{
    private const int MaxOwners = 4;

    private static readonly ResourceKind Job = new("batch", TargetKinds.Job);
    private static readonly ResourceKind CronJob = new("batch", TargetKinds.CronJob);

    // One search serves one batch of signals: it asks for the Deployments of a namespace once.
    private readonly ConcurrentDictionary<string, Lazy<Task<KubernetesList<Deployment>>>> _deployments = new(StringComparer.Ordinal);

    /// <summary>Up the chain of controlling owners to the top.</summary>
    public async Task<(TargetCandidate Found, string How)> ClimbAsync(
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
            var kind = ResourceKind.FromApiVersion(owner.ApiVersion, owner.Kind);
            owner = (await LookAsync(kind, from.Namespace, owner.Name, cancellationToken))?.Metadata.ControllerOwner();
        }

        return (at, path);
    }

    /// <summary>The owner of a pod that is gone. Its name was made from its owner's, which mostly outlives it.</summary>
    public async Task<(TargetCandidate Found, string How)> OfGonePodAsync(TargetCandidate pod, CancellationToken cancellationToken)
    {
        foreach (var (kind, name) in Guesses(pod.Name))
        {
            if (await LookAsync(kind, pod.Namespace, name, cancellationToken) is not { } owner) continue;
            var (found, how) = await ClimbAsync(pod with { Kind = kind.Kind, Name = name }, owner.Metadata, cancellationToken);
            return (found, $"pod {pod.Name} is gone; its name leads to {how}");
        }

        var byName = await LongestDeploymentAsync(pod, cancellationToken);
        return byName is null
            ? (pod, $"pod {pod.Name} is gone, and no workload of its name was found")
            : (pod with { Kind = TargetKinds.Deployment, Name = byName },
                $"pod {pod.Name} is gone; its name begins as that of Deployment {byName}");
    }

    // name-xxxxx: of a ReplicaSet, DaemonSet or Job. name-7: of a StatefulSet. name-hash-xxxxx: of a Deployment whose ReplicaSet is gone.
    // name-7-xxxxx: of an indexed Job. name-12345678-xxxxx: of a CronJob whose Job is gone.
    private static IEnumerable<(ResourceKind Kind, string Name)> Guesses(string pod)
    {
        if (Ordinal().Match(pod) is { Success: true } ordinal) yield return (ResourceKind.Of<StatefulSet>(), ordinal.Groups["owner"].Value);
        if (Generated().Match(pod) is not { Success: true } generated) yield break;
        var owner = generated.Groups["owner"].Value;
        yield return (ResourceKind.Of<ReplicaSet>(), owner);
        yield return (ResourceKind.Of<DaemonSet>(), owner);
        yield return (Job, owner);
        if (Ordinal().Match(owner) is { Success: true } numbered)
        {
            yield return (Job, numbered.Groups["owner"].Value);
            yield return (CronJob, numbered.Groups["owner"].Value);
        }

        if (owner.LastIndexOf('-') is > 0 and var dash) yield return (ResourceKind.Of<Deployment>(), owner[..dash]);
    }

    private async Task<KubernetesObject?> LookAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await client.TryGetAsync<KubernetesObject>(kind, ns, name, cancellationToken);
        }
        catch (KubernetesApiException e) when (e is KubernetesForbiddenException or KubernetesNotFoundException)
        {
            return null;
        }
    }

    // Names are cut at 63 characters when pods are named, so that hash and suffix may stand elsewhere: the longest name that fits is the
    // owner.
    private async Task<string?> LongestDeploymentAsync(TargetCandidate pod, CancellationToken cancellationToken)
    {
        var list = await _deployments.GetOrAdd(
            pod.Namespace, ns => new(() => client.ListAsync<Deployment>(ns, new ListOptions(), CancellationToken.None)))
            .Value.WaitAsync(cancellationToken);
        return list.Items.Select(item => item.Metadata.Name ?? "")
            .Where(name => name.Length > 0 && IsGeneratedFrom(pod.Name, name))
            .OrderByDescending(name => name.Length).FirstOrDefault();
    }

    // deployment-hash-xxxxx: a hash of up to 10 and a suffix of 5 characters out of an alphabet without vowels.
    private static bool IsGeneratedFrom(string pod, string deployment) =>
        pod.StartsWith(deployment + "-", StringComparison.Ordinal) && HashAndSuffix().IsMatch(pod.AsSpan(deployment.Length + 1));

    [GeneratedRegex(@"^(?<owner>.+)-\d+\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Ordinal();

    [GeneratedRegex(@"^(?<owner>.+)-[bcdfghjklmnpqrstvwxz0-9]{5}\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Generated();

    [GeneratedRegex(@"^[bcdfghjklmnpqrstvwxz0-9]{1,10}-[bcdfghjklmnpqrstvwxz0-9]{5}\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HashAndSuffix();
}
