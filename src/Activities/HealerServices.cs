using Heal.Drivers.Kubernetes;
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
        services.AddOptions<HealOptions>().Bind(configuration.GetSection(HealOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<HealOptions>, HealOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new HealDatabase(
            PostgresDataSource.Create(connectionString, schema, "heal", loggerFactory: provider.GetService<ILoggerFactory>()), schema));
        services.AddSingleton<IHealStore>(provider => new HealStore(provider.GetRequiredService<HealDatabase>().DataSource));
        services.AddSingleton<ISafetySwitch, KillSwitch>();
        services.AddSingleton<AutonomyReader>();
        services.AddSingleton<IRemedyAction, RollbackDeployment>();
        services.AddSingleton<ActionCatalogue>();
        services.AddSingleton(LoadWorkflows);
        services.AddHostedService<HealerStartup>();
        return services;
    }

    /// <summary>Adds all activities but <see cref="ActivityNames.StartIncident"/>, which needs the durable client.</summary>
    public static DurableTaskRegistry AddHealerActivities(this DurableTaskRegistry registry) => registry.AddAllGeneratedTasks();

    private static Healing.WorkflowCatalogue LoadWorkflows(IServiceProvider provider)
    {
        var folder = provider.GetRequiredService<IOptions<HealOptions>>().Value.WorkflowsFolder;
        var actions = provider.GetRequiredService<ActionCatalogue>().Descriptors;
        return Healing.WorkflowCatalogue.Load(Path.Combine(AppContext.BaseDirectory, folder), actions);
    }
}
