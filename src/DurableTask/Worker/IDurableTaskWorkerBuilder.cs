using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Microsoft.DurableTask.Worker;

/// <summary>Describes one worker while services are registered.</summary>
public interface IDurableTaskWorkerBuilder
{
    /// <summary>The worker's name; empty for the default worker. Its named options have the same name.</summary>
    string Name { get; }

    /// <summary>The services that the worker is registered in.</summary>
    IServiceCollection Services { get; }

    /// <summary>The worker's type, derived from <see cref="Hosting.DurableTaskWorker"/>. Each backend sets its own.</summary>
    Type? BuildTarget { get; set; }

    /// <summary>Creates the worker.</summary>
    IHostedService Build(IServiceProvider serviceProvider);
}
