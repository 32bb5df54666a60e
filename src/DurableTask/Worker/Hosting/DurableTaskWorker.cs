using Microsoft.Extensions.Hosting;

namespace Microsoft.DurableTask.Worker.Hosting;

/// <summary>A worker of some backend, as a hosted service. Derive from it and name the type with UseBuildTarget.</summary>
public abstract class DurableTaskWorker : BackgroundService
{
    /// <summary>Creates the base part of a worker.</summary>
    /// <param name="name">The builder's name; null or empty for the default worker.</param>
    /// <param name="factory">Creates the registered tasks.</param>
    protected DurableTaskWorker(string? name, IDurableTaskFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Name = name ?? "";
        Factory = factory;
    }

    /// <summary>The builder's name; empty for the default worker.</summary>
    protected virtual string Name { get; }

    /// <summary>Creates the registered tasks.</summary>
    protected virtual IDurableTaskFactory Factory { get; }

    /// <summary>Adds an application's own data to stored exceptions; null when there is none.</summary>
    protected IExceptionPropertiesProvider? ExceptionPropertiesProvider { get; set; }
}
