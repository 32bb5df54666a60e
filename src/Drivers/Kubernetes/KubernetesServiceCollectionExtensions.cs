using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Pods;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the Kubernetes client.</summary>
public static class KubernetesServiceCollectionExtensions
{
    /// <summary>
    /// One <see cref="IKubernetesClient"/> for the process, with its <see cref="KubernetesCaches"/>, <see cref="IPodSessions"/> and
    /// <see cref="ServedKinds"/>, and <see cref="KubernetesClientFactory"/> for further clusters.
    /// Configuration is read when the client is first asked for; its errors come then. The cluster need not be up.
    /// </summary>
    public static IServiceCollection AddKubernetesClient(
        this IServiceCollection services, Action<KubernetesClientOptions>? configure = null)
    {
        services.AddShared();
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton<IKubernetesClient>(provider => provider.GetRequiredService<KubernetesClientFactory>()
            .Create(provider.GetRequiredService<IOptions<KubernetesClientOptions>>().Value));
        services.TryAddSingleton(provider => provider.GetRequiredService<IKubernetesClient>() as IPodSessions
            ?? throw new InvalidOperationException(
                "IPodSessions: expected the registered IKubernetesClient to implement it too, as KubernetesClient does."));
        services.TryAddSingleton(provider => new KubernetesCaches(
            provider.GetRequiredService<IKubernetesClient>(),
            provider.GetRequiredService<IOptions<CacheOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<KubernetesCaches>>()));
        services.TryAddSingleton(provider => new ServedKinds(
            provider.GetRequiredService<IKubernetesClient>(), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>One more cluster, by name; <see cref="KubernetesClusters"/> gives it out.</summary>
    public static IServiceCollection AddKubernetesCluster(
        this IServiceCollection services, string name, Action<KubernetesClientOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        services.AddShared();
        services.Configure(name, configure);
        services.AddSingleton(new KubernetesClusterName(name));
        services.TryAddSingleton<KubernetesClusters>();
        return services;
    }

    private static void AddShared(this IServiceCollection services)
    {
        services.AddOptions<KubernetesClientOptions>();
        services.AddOptions<CacheOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new KubernetesClientFactory(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(), provider.GetService<Random>()));
    }
}
