using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Client;

/// <summary>Creates the build target with services from the container and the builder's name as a constructor argument.</summary>
public class DefaultDurableTaskClientBuilder : IDurableTaskClientBuilder
{
    private Type? _buildTarget;

    /// <summary>Creates a builder.</summary>
    /// <param name="name">The client's name; null for the default.</param>
    /// <param name="services">The container's services.</param>
    public DefaultDurableTaskClientBuilder(string? name, IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        Name = name ?? Options.DefaultName;
        Services = services;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IServiceCollection Services { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The type is no concrete client.</exception>
    public Type? BuildTarget
    {
        get => _buildTarget;
        set
        {
            if (value is not null && (value.IsAbstract || !typeof(DurableTaskClient).IsAssignableFrom(value)))
            {
                throw new ArgumentException(
                    $"Build target of client '{Name}': expected a concrete class derived from {typeof(DurableTaskClient)}, got {value}.",
                    nameof(value));
            }

            _buildTarget = value;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No build target is set.</exception>
    public DurableTaskClient Build(IServiceProvider serviceProvider)
    {
        ArgumentNullException.ThrowIfNull(serviceProvider);
        return BuildTarget is null
            ? throw new InvalidOperationException(
                $"Durable task client '{Name}' has no build target. "
                + "Call the Use... method of a storage, or UseBuildTarget, on its builder.")
            : (DurableTaskClient)ActivatorUtilities.CreateInstance(serviceProvider, BuildTarget, Name);
    }
}
