using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Pods;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>Where everything of a <see cref="Shop"/> is: with it a second process works on the same world.</summary>
internal sealed record ShopFacts(
    ClusterAddress Cluster, string Database, FencingOptions Fencing, Uri Monitoring, Uri Desk, NotifyOptions Notify, EtcdOptions Etcd,
    CleanupOptions Cleanup, SourceOptions Sources)
{
    public INodePower Power(HttpClient http) => new RedfishPower(http, new Fixed(Fencing));

    /// <summary>Commands in containers: through a real API server, or at once where a simulator has none.</summary>
    public IPodSessions SessionsOf(KubernetesClient client) => Cluster.Kubeconfig is null ? new LocalContainers() : client;

    public ActionPorts Ports(HttpClient http, KubernetesClient client, IHealStore store, IEvidenceStore kept)
    {
        var metrics = new PrometheusMetrics(http, Options.Create(new PrometheusOptions { Url = Monitoring }), TimeProvider.System);
        return new ActionPorts
        {
            Sources = Sources, Usage = metrics, Denied = metrics, Silences = new AlertmanagerSilences(http, Desk),
            Messenger = new WebhookMessenger(http, Options.Create(Notify)), Etcd = new EtcdGateway(http, Options.Create(Etcd)),
            Cleanup = Cleanup, Sessions = SessionsOf(client), Evidence = Keeper(client, store, kept),
            Incidents = (IOpenIncidents)store,
        };
    }

    public static EvidenceKeeper Keeper(KubernetesClient client, IHealStore store, IEvidenceStore kept)
    {
        var options = new HealOptions();
        var settings = new FixedHealOptions(options);
        var collector = EvidenceRig.CollectorOf(client, store, options.Evidence, TimeProvider.System);
        return new EvidenceKeeper(new TargetRealms([new ClusterRealm(client, collector, settings)], settings), kept, settings);
    }

    private sealed class Fixed(FencingOptions value) : IOptionsMonitor<FencingOptions>
    {
        public FencingOptions CurrentValue => value;

        public FencingOptions Get(string? name) => value;

        public IDisposable? OnChange(Action<FencingOptions, string?> listener) => null;
    }
}

/// <summary>Where a cluster is: the address of a simulator, or the kubeconfig of a real one.</summary>
internal sealed record ClusterAddress(Uri? Server, string? Kubeconfig)
{
    public KubernetesClient Connect(Action<KubernetesClientOptions>? configure = null)
    {
        var options = new KubernetesClientOptions { Server = Server, KubeconfigPath = Kubeconfig };
        configure?.Invoke(options);
        return new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance).Create(options);
    }
}
