using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask.Client;

/// <summary>Configures one client in the container.</summary>
public interface IDurableTaskClientBuilder
{
    /// <summary>The client's name; empty for the default.</summary>
    string Name { get; }

    /// <summary>The container's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>The class of the client, derived from <see cref="DurableTaskClient"/>.</summary>
    Type? BuildTarget { get; set; }

    /// <summary>Creates the client.</summary>
    DurableTaskClient Build(IServiceProvider serviceProvider);
}
