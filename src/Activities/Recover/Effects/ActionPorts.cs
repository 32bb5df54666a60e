using Heal.Drivers.Kubernetes.Pods;

namespace Heal.Activities;

/// <summary>What some actions need beside the cluster. What is missing is a reason to refuse, and the refusal names the setting.</summary>
internal sealed record ActionPorts
{
    public static readonly ActionPorts None = new();

    public SourceOptions Sources { get; init; } = new();

    public IUsageHistory? Usage { get; init; }

    public IDeniedRequests? Denied { get; init; }

    public ISilences? Silences { get; init; }

    public IMessenger? Messenger { get; init; }

    public IReadOnlyList<INodePool> NodePools { get; init; } = [new ClusterApiPools()];

    public IEtcd? Etcd { get; init; }

    public IOpenIncidents? Incidents { get; init; }

    public EvidenceKeeper? Evidence { get; init; }

    public CleanupOptions Cleanup { get; init; } = new();

    /// <summary>Commands in containers.</summary>
    public IPodSessions? Sessions { get; init; }
}
