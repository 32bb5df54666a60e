using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>Switches schedules on, for the client that makes them and for the workers that run them.</summary>
public static class ScheduledTasksExtensions
{
    /// <summary>Lets the worker run schedules; it needs a task hub of this project.</summary>
    public static IDurableTaskWorkerBuilder UseScheduledTasks(this IDurableTaskWorkerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;
        return builder.AddTasks(tasks => tasks
            .AddOrchestrator(ScheduleOrchestrator.Name, () => new ScheduleOrchestrator())
            .AddOrchestrator(ScheduleCommandOrchestrator.Name, () => new ScheduleCommandOrchestrator())
            .AddActivity(ScheduledStart.Name, services => CreateStart(name, services)));
    }

    /// <summary>Adds the container's <see cref="ScheduledTaskClient"/>, over the client of this builder.</summary>
    public static IDurableTaskClientBuilder UseScheduledTasks(this IDurableTaskClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = builder.Name;
        builder.Services.TryAddSingleton<ScheduledTaskClient>(services =>
            new OrchestratedScheduledTaskClient(services.GetRequiredService<IDurableTaskClientProvider>().GetClient(name)));
        return builder;
    }

    private static ScheduledStart CreateStart(string name, IServiceProvider services)
    {
        DurableTaskWorkerOptions options = services.GetRequiredService<IOptionsMonitor<DurableTaskWorkerOptions>>().Get(name);
        return new ScheduledStart(
            PayloadOffloadingHub.Around(
                services.GetRequiredKeyedService<ITaskHub>(name),
                services.GetRequiredService<IOptionsMonitor<TaskHubWorkerOptions>>().Get(name).LargePayloads),
            options.DataConverter,
            options.Versioning?.DefaultVersion ?? "",
            services.GetService<TimeProvider>() ?? TimeProvider.System);
    }
}
