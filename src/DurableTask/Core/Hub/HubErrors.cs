using DurableTask.Core.Exceptions;
using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>The errors that every hub reports in the same words.</summary>
public static class HubErrors
{
    public static OrchestrationAlreadyExistsException InstanceExists(string instanceId, OrchestrationStatus status) =>
        new($"An orchestration instance with the id '{instanceId}' already exists in status {status}. "
            + "Use another id, or allow this status to be replaced.");

    /// <summary>What the creator of a sub-orchestration receives when the id is taken by an instance that has not ended.</summary>
    public static SubOrchestrationInstanceFailedEvent SubOrchestrationExists(NewInstance refused, DateTime timestamp) =>
        new(-1, refused.Start.ParentInstance?.TaskScheduleId ?? -1, new FailureDetails(
            typeof(OrchestrationAlreadyExistsException).FullName!,
            $"The sub-orchestration '{refused.Start.Name}' was not created: "
            + $"an instance with the id '{refused.InstanceId}' exists and has not ended."))
        {
            Timestamp = timestamp,
        };

    /// <summary>What the creator of a sub-orchestration receives when it cannot be rewound.</summary>
    public static SubOrchestrationInstanceFailedEvent SubOrchestrationNotRewound(
        SubOrchestrationInstanceCreatedEvent created, DateTime timestamp) =>
        new(-1, created.EventId, new FailureDetails(
            typeof(InvalidOperationException).FullName!,
            $"The sub-orchestration '{created.Name}' (instance '{created.InstanceId}') was not rewound: it has not failed any more, or it "
            + "was purged."))
        {
            Timestamp = timestamp,
        };
}
