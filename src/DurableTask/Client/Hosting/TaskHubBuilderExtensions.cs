using DurableTask.Core.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.DurableTask.Client;

/// <summary>
/// Makes a client over a task hub. This is our own addition to the contract: storages call it in their Use... methods; applications need it
/// only for a hub of their own.
/// </summary>
public static class TaskHubBuilderExtensions
{
    /// <summary>Uses a hub. It stays with the container or whoever made it: the client does not dispose it.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="hub">Finds the hub when the client is created, for example as a keyed service of the builder's name.</param>
    /// <param name="configure">Sets limits; null for the defaults.</param>
    public static IDurableTaskClientBuilder UseTaskHub(
        this IDurableTaskClientBuilder builder, Func<IServiceProvider, ITaskHub> hub, Action<TaskHubClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(hub);
        builder.Services.AddOptions<TaskHubClientOptions>(builder.Name)
            .Configure(options =>
            {
                options.CreateHub = hub;
                configure?.Invoke(options);
            })
            .Validate(
                options => options.ReplaceTimeout > TimeSpan.Zero,
                $"TaskHubClientOptions.{nameof(TaskHubClientOptions.ReplaceTimeout)} of client '{builder.Name}': expected more than zero.");
        builder.Services.AddOptions<TaskHubClientOptions>(builder.Name).Validate(
            options => !options.LargePayloads.Faults().Any(),
            $"TaskHubClientOptions.{nameof(TaskHubClientOptions.LargePayloads)} of client '{builder.Name}': a value is out of range; "
            + "see the documentation of each option for its limits.");
        return builder.UseBuildTarget<TaskHubClient>();
    }
}
