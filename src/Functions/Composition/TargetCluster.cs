using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Functions.Composition;

/// <summary>
/// Which cluster is healed. Setting <c>Heal:Kubernetes:Target</c>: <c>cluster</c> (KUBECONFIG or ~/.kube/config, or the pod's service
/// account), <c>simulator</c> (embedded, in memory) or <c>none</c> (libvirt hosts alone). Default: cluster when KUBECONFIG is set or the
/// process runs in a pod, else none when libvirt hosts are configured, else the simulator, so that a first start needs no cluster and
/// touches none by accident.
/// </summary>
internal static class TargetCluster
{
    private const string Section = "Heal:Kubernetes";

    public static IServiceCollection AddTargetCluster(this IServiceCollection services, IConfiguration configuration)
    {
        IConfigurationSection section = configuration.GetSection(Section);
        switch (section["Target"] ?? Default(configuration))
        {
            case "cluster":
                services.AddKubernetesClient(options =>
                {
                    section.Bind(options);
                    // The client would look in the environment alone: with KUBECONFIG in a settings file it would go to another cluster.
                    options.KubeconfigPath ??= configuration["KUBECONFIG"];
                });
                break;
            case "simulator":
                services.AddSingleton<EmbeddedSimulator>();
                services.AddOptions<KubernetesClientOptions>()
                    .Configure<EmbeddedSimulator>((options, simulator) => options.Server = simulator.Url);
                services.AddKubernetesClient();
                break;
            case "none":
                services.AddSingleton<IKubernetesClient, AbsentCluster>();
                services.AddKubernetesClient();
                break;
            case var other:
                throw new SettingException($"Setting '{Section}:Target': expected 'cluster', 'simulator' or 'none', got '{other}'.");
        }

        return services;
    }

    private static string Default(IConfiguration configuration) =>
        string.IsNullOrEmpty(configuration["KUBECONFIG"]) && string.IsNullOrEmpty(configuration["KUBERNETES_SERVICE_HOST"])
            ? MachineHosts.HasHosts(configuration) ? "none" : "simulator"
            : "cluster";
}
