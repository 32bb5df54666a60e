using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask.Worker;

/// <summary>What a worker runs, and how.</summary>
public static class DurableTaskWorkerBuilderExtensions
{
    /// <summary>Adds orchestrators, activities and entities. May be called several times.</summary>
    public static IDurableTaskWorkerBuilder AddTasks(this IDurableTaskWorkerBuilder builder, Action<DurableTaskRegistry> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure(builder.Name, configure);
        return builder;
    }

    /// <summary>Changes the worker's options.</summary>
    public static IDurableTaskWorkerBuilder Configure(
        this IDurableTaskWorkerBuilder builder, Action<DurableTaskWorkerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure(builder.Name, configure);
        return builder;
    }

    /// <summary>Sets the worker's type.</summary>
    public static IDurableTaskWorkerBuilder UseBuildTarget(this IDurableTaskWorkerBuilder builder, Type target)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.BuildTarget = target;
        return builder;
    }

    /// <summary>Sets the worker's type.</summary>
    public static IDurableTaskWorkerBuilder UseBuildTarget<TTarget>(this IDurableTaskWorkerBuilder builder)
        where TTarget : DurableTaskWorker
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.BuildTarget = typeof(TTarget);
        return builder;
    }

    /// <summary>Sets the worker's type, whose own options carry the worker's options too.</summary>
    public static IDurableTaskWorkerBuilder UseBuildTarget<TTarget, TOptions>(this IDurableTaskWorkerBuilder builder)
        where TTarget : DurableTaskWorker
        where TOptions : DurableTaskWorkerOptions
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<TOptions>(builder.Name);
        return builder.UseBuildTarget<TTarget>();
    }

    /// <summary>Limits the worker to orchestrations of certain versions.</summary>
    public static IDurableTaskWorkerBuilder UseVersioning(
        this IDurableTaskWorkerBuilder builder, DurableTaskWorkerOptions.VersioningOptions versionOptions)
    {
        ArgumentNullException.ThrowIfNull(versionOptions);
        return builder.Configure(options => options.Versioning = versionOptions);
    }

    /// <summary>
    /// Runs the worker on a task hub. This project's addition beside the contract; hubs bring shorter forms such as UsePostgreSql.
    /// </summary>
    /// <param name="hub">Creates the hub, once per worker name; a client of the same name may share it.</param>
    public static IDurableTaskWorkerBuilder UseTaskHub(
        this IDurableTaskWorkerBuilder builder, Func<IServiceProvider, ITaskHub> hub, Action<TaskHubWorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddKeyedSingleton(builder.Name, (services, _) => hub(services));
        builder.Services.AddOptions<TaskHubWorkerOptions>(builder.Name)
            .Configure(options => configure?.Invoke(options))
            .Validate(
                options => !options.Faults().Any(),
                "TaskHubWorkerOptions: a value is out of range; see the documentation of each option for its limits.");
        return builder.UseBuildTarget<TaskHubWorker>();
    }
}
