using Heal.Healing;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Incidents;

/// <summary>An incident as the API shows it.</summary>
/// <param name="RuntimeStatus">The orchestration's status; Completed also for incidents that ended in an escalation.</param>
/// <param name="Status">Where it is now.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
internal sealed record IncidentView(
    string Id,
    string RuntimeStatus,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUpdatedAt,
    IncidentStatus? Status,
    IncidentOutcome? Outcome,
    string? Failure)
{
    public const string IdPrefix = "incident-";

    /// <param name="metadata">With payloads.</param>
    public static IncidentView Of(OrchestrationMetadata metadata) => new(
        metadata.InstanceId,
        metadata.RuntimeStatus.ToString(),
        metadata.CreatedAt,
        metadata.LastUpdatedAt,
        metadata.SerializedCustomStatus is null ? null : metadata.ReadCustomStatusAs<IncidentStatus>(),
        metadata.RuntimeStatus is OrchestrationRuntimeStatus.Completed ? metadata.ReadOutputAs<IncidentOutcome>() : null,
        metadata.FailureDetails is { } failure ? $"{failure.ErrorType}: {failure.ErrorMessage}" : null);
}
