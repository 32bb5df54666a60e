using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>What the orchestrator's code did with a turn's events.</summary>
internal sealed record TurnResult
{
    public required OrchestrationStatus Status { get; init; }
    public required IReadOnlyList<HistoryEvent> Actions { get; init; }
    public required IReadOnlyList<int> CancelledTimers { get; init; }
    public string? CustomStatus { get; init; }
    public string? Output { get; init; }
    public FailureDetails? Failure { get; init; }

    /// <summary>What <see cref="Failure"/> was made of, for the log; never stored.</summary>
    public Exception? Thrown { get; init; }

    /// <summary>Set when the orchestration starts over; <see cref="Status"/> is Running then.</summary>
    public NextExecution? ContinueAsNew { get; init; }

    /// <summary>Outcomes of the turn that came too late, or a second time: no history records them.</summary>
    public IReadOnlyCollection<HistoryEvent> Ignored { get; init; } = [];

    /// <summary>Events that continue-as-new takes along.</summary>
    public IReadOnlyList<EventRaisedEvent> CarriedEvents { get; init; } = [];

    /// <summary>The messages to entities, by the event id of the action that sends them.</summary>
    public IReadOnlyDictionary<int, OutgoingEntityMessage> ToEntities { get; init; } = new Dictionary<int, OutgoingEntityMessage>();

    /// <summary>What ends the critical section that the orchestrator was in when it ended.</summary>
    public IReadOnlyList<OutgoingEntityMessage> LockReleases { get; init; } = [];

    /// <summary>Sub-orchestrations to end because this one was terminated recursively.</summary>
    public IReadOnlyList<string> TerminateChildren { get; init; } = [];
}

/// <summary>What continue-as-new goes on with.</summary>
/// <param name="Input">As JSON.</param>
/// <param name="Version">Null or empty to keep the version.</param>
internal sealed record NextExecution(string? Input, string? Version);
