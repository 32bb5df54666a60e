using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Heal.Shared.Tests.Programs;

/// <summary>How the outside world reaches a hub that may be away: every call is made again until it was answered.</summary>
internal interface IHubAccess
{
    DurableTaskClient Client { get; }

    /// <summary>Starts an orchestration, once.</summary>
    Task StartAsync(string name, Order order, StartOrchestrationOptions options);

    /// <summary>Changes something, once: whoever calls knows whether a call without an answer took effect, so that the model can count on
    /// it.</summary>
    Task ChangeAsync(Func<Task> change);

    Task ReadAsync(Func<Task> read);

    /// <summary>Whether the hub knows an instance.</summary>
    Task<bool> ExistsAsync(string instanceId);

    /// <summary>The sub-orchestrations of an instance.</summary>
    Task<IReadOnlyList<string>> ChildrenOfAsync(string instanceId);
}
