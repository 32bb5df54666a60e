using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Internal;

#pragma warning disable MA0025 // NotImplementedException: the contract's way to say that a client lacks what came after the first version.

namespace Microsoft.DurableTask.Client;

/// <summary>Starts, signals, watches and ends orchestrations. Thread-safe; make one and keep it.</summary>
public abstract class DurableTaskClient : IOrchestrationSubmitter, IAsyncDisposable
{
    /// <summary>Creates the base part.</summary>
    /// <param name="name">The name under which the client is registered; empty for the default.</param>
    protected DurableTaskClient(string name)
    {
        Name = name;
    }

    /// <summary>The name under which the client is registered; empty for the default.</summary>
    public string Name { get; }

    /// <summary>Signals and reads entities.</summary>
    /// <exception cref="NotSupportedException">This client has no entities.</exception>
    public virtual DurableEntityClient Entities =>
        throw new NotSupportedException(
            $"Durable entities are not supported by {GetType()}. Use orchestrations and external events instead.");

    /// <summary>Starts an orchestration without input.</summary>
    public virtual Task<string> ScheduleNewOrchestrationInstanceAsync(TaskName orchestratorName, CancellationToken cancellation) =>
        ScheduleNewOrchestrationInstanceAsync(orchestratorName, input: null, options: null, cancellation);

    /// <summary>Starts an orchestration.</summary>
    public virtual Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input, CancellationToken cancellation) =>
        ScheduleNewOrchestrationInstanceAsync(orchestratorName, input, options: null, cancellation);

    /// <summary>Starts an orchestration without input.</summary>
    public virtual Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, StartOrchestrationOptions options, CancellationToken cancellation = default) =>
        ScheduleNewOrchestrationInstanceAsync(orchestratorName, input: null, options, cancellation);

    /// <summary>
    /// Starts an orchestration. When the call returns, the start is stored; it runs when a worker that knows the name takes it.
    /// </summary>
    /// <param name="orchestratorName">What to run.</param>
    /// <param name="input">Its input, serialised by the client's data converter.</param>
    /// <param name="options">Instance id, start time, version, tags, what an existing instance with the same id means.</param>
    /// <param name="cancellation">Gives up the call; the instance may have been created nevertheless.</param>
    /// <returns>The instance id.</returns>
    /// <exception cref="ArgumentException">The name or the id is empty or too long, or the options contradict each other.</exception>
    /// <exception cref="OrchestrationAlreadyExistsException">
    /// The id belongs to an instance that the options do not let be replaced.</exception>
    public abstract Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName,
        object? input = null,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default);

    /// <summary>Raises an event without payload.</summary>
    public virtual Task RaiseEventAsync(string instanceId, string eventName, CancellationToken cancellation) =>
        RaiseEventAsync(instanceId, eventName, eventPayload: null, cancellation);

    /// <summary>
    /// Raises an event. It is kept until the orchestration waits for it; for an unknown or ended instance it is dropped without an error.
    /// </summary>
    public abstract Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default);

    /// <summary>Waits until an instance is no longer Pending.</summary>
    public virtual Task<OrchestrationMetadata> WaitForInstanceStartAsync(string instanceId, CancellationToken cancellation) =>
        WaitForInstanceStartAsync(instanceId, getInputsAndOutputs: false, cancellation);

    /// <summary>Waits until an instance is no longer Pending; without a limit but the token's. An unknown instance is waited for.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public abstract Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>Waits until an instance has ended.</summary>
    public virtual Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, CancellationToken cancellation) =>
        WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: false, cancellation);

    /// <summary>Waits until an instance has ended, however; without a limit but the token's. An unknown instance is waited for.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public abstract Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>Terminates an instance.</summary>
    public virtual Task TerminateInstanceAsync(string instanceId, CancellationToken cancellation) =>
        TerminateInstanceAsync(instanceId, options: null, cancellation);

    /// <summary>Terminates an instance with an output.</summary>
    public virtual Task TerminateInstanceAsync(string instanceId, object? output, CancellationToken cancellation = default) =>
        TerminateInstanceAsync(instanceId, output as TerminateInstanceOptions ?? new TerminateInstanceOptions(output), cancellation);

    /// <summary>
    /// Asks for the end of an instance; it ends in its next turn. Running activities go on and their results are dropped. Unknown and
    /// ended instances are left alone without an error.
    /// </summary>
    public virtual Task TerminateInstanceAsync(
        string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default) =>
        throw NotSupported(nameof(TerminateInstanceAsync));

    /// <summary>Suspends an instance.</summary>
    public virtual Task SuspendInstanceAsync(string instanceId, CancellationToken cancellation) =>
        SuspendInstanceAsync(instanceId, reason: null, cancellation);

    /// <summary>Holds an instance: what happens to it waits until it is resumed or terminated. Running activities finish.</summary>
    public abstract Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Resumes an instance.</summary>
    public virtual Task ResumeInstanceAsync(string instanceId, CancellationToken cancellation) =>
        ResumeInstanceAsync(instanceId, reason: null, cancellation);

    /// <summary>Lets a suspended instance go on; others are left alone.</summary>
    public abstract Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default);

    /// <summary>Reads an instance without its payloads; null when there is none.</summary>
    public virtual Task<OrchestrationMetadata?> GetInstanceAsync(string instanceId, CancellationToken cancellation) =>
        GetInstanceAsync(instanceId, getInputsAndOutputs: false, cancellation);

    /// <summary>Reads an instance; null when there is none.</summary>
    public virtual Task<OrchestrationMetadata?> GetInstanceAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        GetInstancesAsync(instanceId, getInputsAndOutputs, cancellation);

    /// <summary>Another spelling of <see cref="GetInstanceAsync(string, CancellationToken)"/>.</summary>
    public virtual Task<OrchestrationMetadata?> GetInstancesAsync(string instanceId, CancellationToken cancellation) =>
        GetInstancesAsync(instanceId, getInputsAndOutputs: false, cancellation);

    /// <summary>Another spelling of <see cref="GetInstanceAsync(string, bool, CancellationToken)"/>; the one to implement.</summary>
    public abstract Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default);

    /// <summary>Lists instances, oldest first, page by page; null for all.</summary>
    public abstract AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null);

    /// <summary>Removes an ended instance.</summary>
    public virtual Task<PurgeResult> PurgeInstanceAsync(string instanceId, CancellationToken cancellation) =>
        PurgeInstanceAsync(instanceId, options: null, cancellation);

    /// <summary>Removes an ended instance with its history; an unknown id gives a count of 0.</summary>
    /// <exception cref="InvalidOperationException">The instance has not ended.</exception>
    public virtual Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        throw NotSupported(nameof(PurgeInstanceAsync));

    /// <summary>Removes the ended instances that match.</summary>
    public virtual Task<PurgeResult> PurgeAllInstancesAsync(PurgeInstancesFilter filter, CancellationToken cancellation) =>
        PurgeAllInstancesAsync(filter, options: null, cancellation);

    /// <summary>Removes the ended instances that match, as many as the filter's timeout allows.</summary>
    public virtual Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        throw NotSupported(nameof(PurgeAllInstancesAsync));

    /// <summary>Starts an instance again with the same name, version, input and tags.</summary>
    /// <returns>The id of the restarted instance.</returns>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    /// <exception cref="InvalidOperationException">The same id is wanted, and the instance has not ended.</exception>
    public virtual Task<string> RestartAsync(
        string instanceId, bool restartWithNewInstanceId = false, CancellationToken cancellation = default) =>
        throw NotImplemented(nameof(RestartAsync));

    /// <summary>
    /// Sets a failed instance back to before its failures: what succeeded is kept, activities and sub-orchestrations that failed run again.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    /// <exception cref="InvalidOperationException">The instance has not failed.</exception>
    /// <exception cref="NotImplementedException">This client cannot rewind.</exception>
    public virtual Task RewindInstanceAsync(string instanceId, string reason, CancellationToken cancellation = default) =>
        throw NotImplemented(nameof(RewindInstanceAsync));

    /// <summary>The history of the current execution.</summary>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public virtual Task<IList<HistoryEvent>> GetOrchestrationHistoryAsync(string instanceId, CancellationToken cancellation = default) =>
        throw NotImplemented(nameof(GetOrchestrationHistoryAsync));

    /// <summary>Lists the ids of ended instances by the time they ended, page by page.</summary>
    /// <param name="runtimeStatus">Which statuses; null for all ended ones.</param>
    /// <param name="completedTimeFrom">Inclusive; null for no limit.</param>
    /// <param name="completedTimeTo">Inclusive; null for no limit.</param>
    /// <param name="pageSize">How many ids one page holds at most.</param>
    /// <param name="lastInstanceKey">The previous page's continuation token; null for the first page.</param>
    /// <param name="cancellation">Gives up the call.</param>
    public virtual Task<Page<string>> ListInstanceIdsAsync(
        IEnumerable<OrchestrationRuntimeStatus>? runtimeStatus = null,
        DateTimeOffset? completedTimeFrom = default,
        DateTimeOffset? completedTimeTo = default,
        int pageSize = 100,
        string? lastInstanceKey = null,
        CancellationToken cancellation = default) =>
        throw NotImplemented(nameof(ListInstanceIdsAsync));

    /// <summary>Releases what the client holds.</summary>
    public abstract ValueTask DisposeAsync();

    // The contract's two kinds of "no": what came with the first version is not supported by a client, what came later is not implemented.
    private NotImplementedException NotImplemented(string method) => new($"{GetType()} does not implement {method}.");

    private NotSupportedException NotSupported(string method) => new($"{GetType()} does not support {method}.");
}
