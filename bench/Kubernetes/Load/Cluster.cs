using Heal.Drivers.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes.Load;

internal static class Cluster
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static KubernetesClient Connect(Uri? server, string? kubeconfig, int connections = 128) =>
        new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance).Create(new KubernetesClientOptions
        {
            Server = server,
            KubeconfigPath = kubeconfig,
            MaxConnections = connections,
            RequestsPerSecond = 5000,
            RequestBurst = 5000,
            // A server that cannot keep up shows in the figures, not in an end before there are any.
            AttemptTimeout = Patience,
            TotalTimeout = Patience,
        });
}
