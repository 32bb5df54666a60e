namespace Microsoft.DurableTask.Client;

/// <summary>Which instances to list. What is null matches all.</summary>
/// <param name="CreatedFrom">Created at this time or later.</param>
/// <param name="CreatedTo">Created at this time or earlier.</param>
/// <param name="Statuses">In one of these statuses.</param>
/// <param name="TaskHubNames">Has no effect: a client speaks to one hub.</param>
/// <param name="InstanceIdPrefix">With an id that begins so.</param>
/// <param name="PageSize">How many instances one page holds at most.</param>
/// <param name="FetchInputsAndOutputs">True to read the payloads too.</param>
/// <param name="ContinuationToken">Where to begin: the token of an earlier page.</param>
public record OrchestrationQuery(
    DateTimeOffset? CreatedFrom = default,
    DateTimeOffset? CreatedTo = default,
    IEnumerable<OrchestrationRuntimeStatus>? Statuses = null,
    IEnumerable<string>? TaskHubNames = null,
    string? InstanceIdPrefix = null,
    int PageSize = OrchestrationQuery.DefaultPageSize,
    bool FetchInputsAndOutputs = false,
    string? ContinuationToken = null)
{
    /// <summary>How many instances one page holds unless the query says otherwise.</summary>
    public const int DefaultPageSize = 100;
}
