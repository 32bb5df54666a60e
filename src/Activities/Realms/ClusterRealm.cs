using Heal.Drivers.Kubernetes;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>The Kubernetes cluster, and every kind that no other realm has.</summary>
internal sealed class ClusterRealm(IKubernetesClient client, EvidenceCollector collector, IOptionsMonitor<HealOptions> options)
    : ITargetRealm
{
    public bool Has(string kind) => !TargetKinds.IsOnHypervisor(kind);

    public ITargetResolver NewResolver() => client is AbsentCluster
        ? new NoCluster() : new TargetResolver(client, options.CurrentValue.Cluster);

    public Task<EvidenceBundle> CollectAsync(TargetReference target) => collector.CollectAsync(target);

    private sealed class NoCluster : ITargetResolver
    {
        public Task<TargetResolution> ResolveAsync(TargetCandidate candidate, CancellationToken cancellationToken) => Task.FromResult(
            new TargetResolution(TargetVerdict.Rejected, null,
                $"the {candidate.Kind} '{SafeText.Line(candidate.Name, 100)}' lives in a cluster, and this healer has none "
                    + "(setting Heal:Kubernetes:Target is none)"));
    }
}
