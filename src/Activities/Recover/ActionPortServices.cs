using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Pods;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Puts what actions need beside the cluster into a container, from the settings.</summary>
internal static class ActionPortServices
{
    // Owned by the section Heal:Alerts, which reads it for what fires.
    private const string Alertmanager = "Heal:Alerts:AlertmanagerUrl";
    private const string AlertmanagerTimeout = "Heal:Alerts:AlertmanagerTimeout";

    // One client for all of them, for the life of the process: names are looked up anew with each connection.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    public static IServiceCollection AddActionPorts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddChecked<SourceOptions, SourceOptionsValidator>(configuration, SourceOptions.Section);
        services.AddChecked<PrometheusOptions, PrometheusOptionsValidator>(configuration, PrometheusOptions.Section);
        services.AddChecked<NotifyOptions, NotifyOptionsValidator>(configuration, NotifyOptions.Section);
        services.AddChecked<EtcdOptions, EtcdOptionsValidator>(configuration, EtcdOptions.Section);
        services.AddChecked<CleanupOptions, CleanupOptionsValidator>(configuration, CleanupOptions.Section);
        services.AddSingleton<IMessenger>(provider => new WebhookMessenger(
            Client(), provider.GetRequiredService<IOptions<NotifyOptions>>()));
        services.AddSingleton(provider => Ports(provider, configuration));
        return services;
    }

    private static ActionPorts Ports(IServiceProvider provider, IConfiguration configuration)
    {
        var prometheus = provider.GetRequiredService<IOptions<PrometheusOptions>>();
        var etcd = provider.GetRequiredService<IOptions<EtcdOptions>>();
        var metrics = prometheus.Value.Url is null
            ? null : new PrometheusMetrics(Client(), prometheus, provider.GetRequiredService<TimeProvider>());
        var heal = provider.GetRequiredService<IOptionsMonitor<HealOptions>>();
        return new ActionPorts
        {
            Sources = provider.GetRequiredService<IOptions<SourceOptions>>().Value,
            Usage = metrics,
            Denied = metrics,
            Silences = Uri.TryCreate(configuration[Alertmanager], UriKind.Absolute, out var url)
                ? new AlertmanagerSilences(
                    Client(), url, () => heal.CurrentValue.NamesInAlerts(), configuration.GetValue<TimeSpan?>(AlertmanagerTimeout)) : null,
            Cleanup = provider.GetRequiredService<IOptions<CleanupOptions>>().Value,
            Sessions = provider.GetRequiredService<IKubernetesClient>() as IPodSessions,
            Messenger = provider.GetRequiredService<IMessenger>(),
            Incidents = provider.GetRequiredService<IOpenIncidents>(),
            Evidence = provider.GetRequiredService<EvidenceKeeper>(),
            Etcd = etcd.Value.Endpoints.Count == 0 ? null
                : new EtcdGateway(new HttpClient(EtcdGateway.Handler(etcd.Value)) { Timeout = Timeout.InfiniteTimeSpan }, etcd),
        };
    }

    private static HttpClient Client() => new(new SocketsHttpHandler { PooledConnectionLifetime = ConnectionLifetime });

    private static void AddChecked<TOptions, TValidator>(this IServiceCollection services, IConfiguration configuration, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().Bind(configuration.GetSection(section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
    }
}
