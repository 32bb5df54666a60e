using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing.Sidecar;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.DurableTask.Testing;

/// <summary>Puts durable tasks in memory into an application's own host.</summary>
public static class DurableTaskTestExtensions
{
    /// <summary>
    /// Adds a worker and a client (also as <see cref="DurableTaskClient"/>) over one store in memory. Where the application has a default
    /// worker and client already, their storage is replaced and the tasks are added to theirs.
    /// </summary>
    /// <param name="services">The application's services, for example in WebApplicationFactory's ConfigureTestServices.</param>
    /// <param name="configureTasks">Adds orchestrators, activities and entities.</param>
    /// <param name="options">Without effect so far.</param>
    public static IServiceCollection AddInMemoryDurableTask(
        this IServiceCollection services, Action<DurableTaskRegistry> configureTasks, InMemoryDurableTaskOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configureTasks);
        services.TryAddSingleton(provider =>
            new InMemoryOrchestrationService(provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.AddDurableTaskWorker(worker => worker
            .AddTasks(configureTasks)
            .Configure(settings => settings.EnableEntitySupport = true)
            .UseTaskHub(provider => provider.GetInMemoryOrchestrationService().Hub));
        services.AddDurableTaskClient(client => client
            .Configure(settings => settings.EnableEntitySupport = true)
            .UseTaskHub(provider => provider.GetInMemoryOrchestrationService().Hub)
            .RegisterDirectly());
        return services;
    }

    /// <summary>The store behind worker and client.</summary>
    /// <exception cref="InvalidOperationException">AddInMemoryDurableTask was not called.</exception>
    public static InMemoryOrchestrationService GetInMemoryOrchestrationService(this IServiceProvider services) =>
        services.GetRequiredService<InMemoryOrchestrationService>();
}
