using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Filters;
using Microsoft.DurableTask.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

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
        builder.Services.AddOptions<TOptions>(builder.Name)
            .PostConfigure<IOptionsMonitor<DurableTaskWorkerOptions>>((own, general) => general.Get(builder.Name).CopyTo(own));
        return builder.UseBuildTarget<TTarget>();
    }

    /// <summary>Limits the worker to orchestrations of certain versions.</summary>
    public static IDurableTaskWorkerBuilder UseVersioning(
        this IDurableTaskWorkerBuilder builder, DurableTaskWorkerOptions.VersioningOptions versionOptions)
    {
        ArgumentNullException.ThrowIfNull(versionOptions);
        return builder.Configure(options => options.Versioning = versionOptions);
    }

    /// <summary>Lets a filter decide which orchestrations the worker runs. It is created once, with services from the container.</summary>
    [Obsolete("Experimental: it may change or go away. Prefer UseWorkItemFilters, which costs nothing for work of others.")]
    public static IDurableTaskWorkerBuilder UseOrchestrationFilter<TOrchestrationFilter>(this IDurableTaskWorkerBuilder builder)
        where TOrchestrationFilter : class, IOrchestrationFilter
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<DurableTaskWorkerOptions>(builder.Name).Configure<IServiceProvider>((options, services) =>
            options.OrchestrationFilter = ActivatorUtilities.GetServiceOrCreateInstance<TOrchestrationFilter>(services));
        return builder;
    }

    /// <summary>Lets a filter decide which orchestrations the worker runs.</summary>
    [Obsolete("Experimental: it may change or go away. Prefer UseWorkItemFilters, which costs nothing for work of others.")]
    public static IDurableTaskWorkerBuilder UseOrchestrationFilter(this IDurableTaskWorkerBuilder builder, IOrchestrationFilter filter)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(filter);
        return builder.Configure(options => options.OrchestrationFilter = filter);
    }

    /// <summary>Lets the worker receive only the listed work. A listed name that is not registered makes the start fail.</summary>
    /// <param name="workItemFilters">What to receive; null to receive everything again.</param>
    public static IDurableTaskWorkerBuilder UseWorkItemFilters(
        this IDurableTaskWorkerBuilder builder, DurableTaskWorkerWorkItemFilters? workItemFilters)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<DurableTaskWorkerWorkItemFilters>(builder.Name)
            .Configure(filters => (workItemFilters ?? new()).CopyTo(filters));
        if (workItemFilters is { IsEmpty: false })
        {
            builder.Services.TryAddEnumerable(
                ServiceDescriptor.Singleton<IValidateOptions<DurableTaskWorkerWorkItemFilters>, WorkItemFilterValidator>());
        }

        return builder;
    }

    /// <summary>Lets the worker receive only what is registered with it: all names, and their versions.</summary>
    public static IDurableTaskWorkerBuilder UseWorkItemFilters(this IDurableTaskWorkerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<DurableTaskWorkerWorkItemFilters>(builder.Name)
            .Configure<IOptionsMonitor<DurableTaskRegistry>, IOptionsMonitor<DurableTaskWorkerOptions>>((filters, registries, options) =>
                RegisteredTasks.FiltersFor(registries.Get(builder.Name), options.Get(builder.Name)).CopyTo(filters));
        return builder;
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
        builder.Services.AddOptions<TaskHubWorkerOptions>(builder.Name).Configure(options => configure?.Invoke(options));
        builder.Services.AddSingleton<IValidateOptions<TaskHubWorkerOptions>>(
            new FaultsValidator<TaskHubWorkerOptions>(builder.Name, options => options.Faults()));
        builder.Services.AddSingleton<IValidateOptions<DurableTaskWorkerOptions>>(
            new FaultsValidator<DurableTaskWorkerOptions>(builder.Name, options => options.Faults()));
        return builder.UseBuildTarget<TaskHubWorker>();
    }
}
