namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Decides, orchestration by orchestration, whether this worker runs it. It is asked whenever the hub hands one out (turns that follow in
/// memory are not asked for); what it refuses is left to other workers and comes back after a second. Work-item filters are cheaper:
/// what they hold back never reaches the worker.
/// </summary>
public interface IOrchestrationFilter
{
    /// <summary>True to run the orchestration on this worker.</summary>
    ValueTask<bool> IsOrchestrationValidAsync(OrchestrationFilterParameters info, CancellationToken cancellationToken = default);
}

/// <summary>What a filter decides on.</summary>
public struct OrchestrationFilterParameters
{
    /// <summary>The orchestrator's name.</summary>
    public string? Name { get; init; }

    /// <summary>The instance's tags.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}
