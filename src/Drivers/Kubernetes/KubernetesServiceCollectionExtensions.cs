using Heal.Drivers.Kubernetes;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the Kubernetes client.</summary>
public static class KubernetesServiceCollectionExtensions
{
    /// <summary>
    /// One <see cref="IKubernetesClient"/> for the process, and <see cref="KubernetesClientFactory"/> for further clusters.
    /// Configuration is read when the client is first asked for; its errors come then. The cluster need not be up.
    /// </summary>
    public static IServiceCollection AddKubernetesClient(
        this IServiceCollection services, Action<KubernetesClientOptions>? configure = null)
    {
        services.AddOptions<KubernetesClientOptions>();
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new KubernetesClientFactory(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(), provider.GetService<Random>()));
        services.TryAddSingleton<IKubernetesClient>(provider => provider.GetRequiredService<KubernetesClientFactory>()
            .Create(provider.GetRequiredService<IOptions<KubernetesClientOptions>>().Value));
        return services;
    }
}
