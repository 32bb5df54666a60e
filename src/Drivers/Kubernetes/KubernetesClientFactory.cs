using Heal.Drivers.Kubernetes.Configuration;
using Heal.Drivers.Kubernetes.Transport;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes;

/// <summary>Makes clients: one per cluster. Reads configuration at once and talks to nobody until the first call.</summary>
/// <param name="random">Chance for jitter; null: the system's.</param>
public sealed class KubernetesClientFactory(TimeProvider time, ILoggerFactory loggers, Random? random = null)
{
    /// <summary>Makes a client of the cluster that the options name.</summary>
    /// <exception cref="KubeconfigException">There is no usable cluster configuration.</exception>
    /// <exception cref="ArgumentException">Options are out of range; the message names all of them.</exception>
    public KubernetesClient Create(KubernetesClientOptions options) => Create(options, HostEnvironment.Real);

    internal KubernetesClient Create(KubernetesClientOptions options, HostEnvironment host)
    {
        var faults = options.Faults();
        if (faults.Count > 0)
            throw new ArgumentException(string.Join(' ', faults), nameof(options));

        var logger = loggers.CreateLogger<KubernetesClient>();
        var connection = new ClusterConnectionBuilder(options, host, time).Build();
        return new KubernetesClient(new ApiTransport(connection, options, random, time, logger), connection.Namespace, logger);
    }
}
