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

    /// <summary>The use of an id that was just started.</summary>
    Task<Use> RootAsync(string instanceId);

    /// <summary>Waits for the start of a sub-orchestration; null when its parent ended without it.</summary>
    Task<Use?> BegunAsync(string instanceId, Use parent, CancellationToken parentEnded);

    /// <summary>Waits for the end of an instance.</summary>
    Task EndAsync(Use use);

    /// <summary>The sub-orchestrations of an instance.</summary>
    Task<IReadOnlyList<Use>> ChildrenOfAsync(string instanceId);
}

/// <summary>One use of an instance id, from its creation to the next one.</summary>
/// <param name="firstRound">More than 0 for one that was restarted after it had continued as new.</param>
internal class Use(string instanceId, int firstRound = 0)
{
    public string InstanceId => instanceId;

    public int FirstRound => firstRound;
}
