using Heal.Drivers.Kubernetes;
using Heal.Drivers.Libvirt;
using Heal.Postgres;
using Microsoft.DurableTask;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Puts the healer into a container and its activities into a registry.</summary>
public static class HealerServices
{
    /// <summary>
    /// Adds options (section <c>Heal</c>), store, workflow catalogue, actions, and a hosted service that migrates the store and loads the
    /// workflows before the host goes on. The caller adds an <see cref="IKubernetesClient"/>.
    /// </summary>
    /// <param name="connectionString">PostgreSQL; the healer keeps to one schema of its own.</param>
    /// <param name="schema">Its name. Default "heal".</param>
    public static IServiceCollection AddHealer(
        this IServiceCollection services, IConfiguration configuration, string connectionString, string schema = HealStore.Schema)
    {
        services.AddOptions<HealOptions>().Bind(configuration.GetSection(HealOptions.Section)).ValidateOnStart()
            .PostConfigure(options => options.KillSwitch |= KillSwitch.IsOnAnywhere(configuration));
        services.AddSingleton<IValidateOptions<HealOptions>, HealOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new HealDatabase(
            PostgresDataSource.Create(connectionString, schema, "heal", loggerFactory: provider.GetService<ILoggerFactory>()), schema));
        services.AddSingleton<IHealStore>(provider => new HealStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<IUnclosedIncidents>(provider => new HealStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<IHandOffs>(provider => new HandOffStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<IHandOffDesk, HandOffDesk>();
        services.AddSingleton<IExpiries>(provider => new ExpiryStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSignals();
        services.AddSingleton<ISafetySwitch, KillSwitch>();
        services.AddSingleton<AutonomyReader>();
        services.AddSingleton<EvidenceCollector>();
        services.AddSingleton<TargetRealms>();
        services.AddSingleton<ITargetRealm, ClusterRealm>();
        services.AddMachines(configuration);
        services.AddLayers(configuration);
        services.AddSingleton<IEvidenceStore>(provider => new EvidenceStore(
            provider.GetRequiredService<HealDatabase>().DataSource, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<EvidenceKeeper>();
        services.AddSingleton<UnreadableRows>();
        services.AddSingleton<IKnownEpisodes, KnownEpisodes>();
        services.AddSingleton<IWatchLease, WatchLease>();
        services.AddSingleton<IRemedyAction, RollbackDeployment>();
        services.AddOptions<FencingOptions>().Bind(configuration.GetSection(FencingOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<FencingOptions>, FencingOptionsValidator>();
        services.AddHttpClient<INodePower, RedfishPower>();
        services.AddActionPorts(configuration);
        services.AddSingleton<ActionTools>();
        foreach (var recipe in RecipeBook.All.Concat(MachineRecipes.All))
        {
            services.AddSingleton<IRemedyAction>(provider => new RecipeAction(recipe, provider.GetRequiredService<ActionTools>()));
        }

        services.AddSingleton<ActionCatalogue>();
        services.AddSingleton(LoadWorkflows);
        services.AddHostedService<HealerStartup>();
        return services;
    }

    /// <summary>Adds all activities but <see cref="ActivityNames.StartIncident"/> and <see cref="ActivityNames.StartExpiry"/>, which need
    /// the durable client.</summary>
    public static DurableTaskRegistry AddHealerActivities(this DurableTaskRegistry registry) => registry.AddAllGeneratedTasks();

    // Where no host is configured all of it is there, and refuses what is asked of it with that reason.
    private static void AddMachines(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MachineOptions>().Bind(configuration.GetSection(MachineOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MachineOptions>, MachineOptionsValidator>();
        services.TryAddSingleton<ILibvirtHosts, NoLibvirtHosts>();
        services.AddSingleton<IMachineMemory, MachineMemory>();
        services.AddSingleton(provider => new MachineTools(
            provider.GetRequiredService<ILibvirtHosts>(), provider.GetRequiredService<IMachineMemory>(),
            provider.GetRequiredService<IOptionsMonitor<MachineOptions>>(), provider.GetRequiredService<TimeProvider>())
        {
            Commands = new LocalCommands(provider.GetRequiredService<TimeProvider>()),
            Fencing = FencingServices.Desk(provider),
            Limits = provider.GetService<IOptions<VmManagerOptions>>() is { } vms ? vms.Value.Limits : Healing.PlacementLimits.Default,
        });
        services.AddSingleton<MachineCollector>();
        services.AddSingleton(provider => new Inventories(provider.GetRequiredService<MachineTools>()));
        services.AddSingleton<ITargetRealm, MachineRealm>();
    }

    // What ties the two worlds; asks nothing where one of them is not there.
    private static void AddLayers(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<LayerOptions>().Bind(configuration.GetSection(LayerOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LayerOptions>, LayerOptionsValidator>();
        services.AddSingleton<IOpenIncidents>(provider => new HealStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<LayerMap>();
        services.AddSingleton(provider => new Layers(
            provider.GetRequiredService<LayerMap>(), provider.GetRequiredService<IKubernetesClient>(),
            provider.GetRequiredService<MachineCollector>(), provider.GetRequiredService<IOpenIncidents>(),
            provider.GetRequiredService<IOptionsMonitor<LayerOptions>>(), provider.GetRequiredService<IOptionsMonitor<HealOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddSignals(this IServiceCollection services)
    {
        services.AddSingleton<IntakeMetrics>();
        services.AddSingleton(provider =>
        {
            var database = provider.GetRequiredService<HealDatabase>();
            var limits = provider.GetRequiredService<IOptions<HealOptions>>().Value.Intake;
            return new SignalWriter(
                () => new SignalSink(database.DataSource, limits.CommitTimeout),
                limits,
                provider.GetRequiredService<IntakeMetrics>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<SignalWriter>>());
        });
        services.AddSingleton<ISignalWriter>(provider => provider.GetRequiredService<SignalWriter>());
        services.AddSingleton(provider => new ReceivedSignals(
            provider.GetRequiredService<HealDatabase>().DataSource, provider.GetRequiredService<IntakeMetrics>(),
            provider.GetRequiredService<UnreadableRows>()));
        services.AddSingleton<IReceivedSignals>(provider => provider.GetRequiredService<ReceivedSignals>());
        services.AddSingleton<IAttachedSignals>(provider => new HealStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<IncidentJoin>();
        services.AddSingleton<AlertOrigins>();
        services.AddSingleton<IAlertHeartbeat>(provider => new AlertHeartbeat(
            provider.GetRequiredService<HealDatabase>().DataSource, provider.GetRequiredService<IHandOffs>(),
            provider.GetRequiredService<IMessenger>(), provider.GetRequiredService<IOptionsMonitor<HealOptions>>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<AlertHeartbeat>>()));
        services.AddSingleton<ISignalRouter, SignalRouter>();
    }

    private static Healing.WorkflowCatalogue LoadWorkflows(IServiceProvider provider)
    {
        var folder = provider.GetRequiredService<IOptions<HealOptions>>().Value.WorkflowsFolder;
        var actions = provider.GetRequiredService<ActionCatalogue>().Descriptors;
        return Healing.WorkflowCatalogue.Load(Path.Combine(AppContext.BaseDirectory, folder), actions);
    }
}
