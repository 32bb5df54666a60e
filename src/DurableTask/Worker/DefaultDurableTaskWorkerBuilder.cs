using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Worker;

/// <summary>Builds a worker of the <see cref="BuildTarget"/>'s type, with the tasks that were added under the builder's name.</summary>
public class DefaultDurableTaskWorkerBuilder : IDurableTaskWorkerBuilder
{
    private Type? _buildTarget;

    public DefaultDurableTaskWorkerBuilder(string? name, IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        Name = name ?? Options.DefaultName;
        Services = services;
    }

    public string Name { get; }

    public IServiceCollection Services { get; }

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The type is not a concrete DurableTaskWorker.</exception>
    public Type? BuildTarget
    {
        get => _buildTarget;
        set
        {
            if (value is not null && (!typeof(Hosting.DurableTaskWorker).IsAssignableFrom(value) || value.IsAbstract))
            {
                throw new ArgumentException(
                    $"Build target '{value}': expected a concrete type derived from '{typeof(Hosting.DurableTaskWorker)}'.", nameof(value));
            }

            _buildTarget = value;
        }
    }

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">No backend was chosen.</exception>
    public IHostedService Build(IServiceProvider serviceProvider)
    {
        if (_buildTarget is null)
        {
            throw new InvalidOperationException(
                $"Durable task worker '{Name}' has no backend. "
                + "Choose one on its builder, for example UsePostgreSql(...) or UseTaskHub(...).");
        }

        DurableTaskRegistry registry = serviceProvider.GetRequiredService<IOptionsMonitor<DurableTaskRegistry>>().Get(Name);
        return (IHostedService)ActivatorUtilities.CreateInstance(serviceProvider, _buildTarget, Name, new DurableTaskFactory(registry));
    }
}
