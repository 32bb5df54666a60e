using Heal.Drivers.Kubernetes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Bench.Kubernetes.Load;

internal static class Cluster
{
    public static KubernetesClient Connect(Uri? server, string? kubeconfig) =>
        new KubernetesClientFactory(TimeProvider.System, NullLoggerFactory.Instance).Create(new KubernetesClientOptions
        {
            Server = server,
            KubeconfigPath = kubeconfig,
            RequestsPerSecond = 5000,
            RequestBurst = 5000,
        });
}
