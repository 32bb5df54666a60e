using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>An instance to be created. Name, version, input, tags, parent and scheduled time are those of the start event.</summary>
/// <param name="Start">The first message; its <see cref="OrchestrationInstance"/> holds the instance id and a fresh execution id.</param>
public sealed record NewInstance(ExecutionStartedEvent Start)
{
    public string InstanceId => Start.OrchestrationInstance.InstanceId;
    public string ExecutionId => Start.OrchestrationInstance.ExecutionId;

    /// <summary>True when the id was made for this instance, so that no other can have it: its first turn may run before it is
    /// stored.</summary>
    public bool HasOwnId { get; init; }
}

/// <summary>An instance as a client sees it. All payloads are JSON texts. All times are UTC by the hub's clock.</summary>
public sealed record InstanceState
{
    public required string InstanceId { get; init; }
    public required string ExecutionId { get; init; }
    public required string Name { get; init; }
    public string? Version { get; init; }
    public required OrchestrationStatus Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public string? ParentInstanceId { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public string? Input { get; init; }
    public string? Output { get; init; }
    public string? CustomStatus { get; init; }
    public FailureDetails? Failure { get; init; }
}

/// <summary>Which instances to list. Every condition that is null matches all.</summary>
/// <param name="CreatedFrom">Inclusive.</param>
/// <param name="CreatedTo">Inclusive.</param>
/// <param name="ParentInstanceId">Only the sub-orchestrations of this instance.</param>
/// <param name="Tags">Only those with all of these tags.</param>
/// <param name="PageSize">How many instances one page holds at most.</param>
/// <param name="ContinuationToken">The previous page's token; null for the first page.</param>
/// <param name="ByCompletion">Only ended instances, in the order in which they ended (then by id) instead of that of their creation. Its
/// tokens are good for such queries only.</param>
/// <param name="CompletedFrom">Inclusive; only with <paramref name="ByCompletion"/>.</param>
/// <param name="CompletedTo">Inclusive; only with <paramref name="ByCompletion"/>.</param>
public sealed record InstanceQuery(
    DateTimeOffset? CreatedFrom = null,
    DateTimeOffset? CreatedTo = null,
    IReadOnlyCollection<OrchestrationStatus>? Statuses = null,
    string? InstanceIdPrefix = null,
    string? Name = null,
    string? ParentInstanceId = null,
    int PageSize = 100,
    bool WithPayloads = false,
    string? ContinuationToken = null,
    bool ByCompletion = false,
    DateTimeOffset? CompletedFrom = null,
    DateTimeOffset? CompletedTo = null,
    IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>One page of a query; a null token says that it was the last.</summary>
public sealed record InstancePage(IReadOnlyList<InstanceState> Instances, string? ContinuationToken);

/// <summary>Which instances to count. What is null matches all.</summary>
/// <param name="Name">Compared without regard to case.</param>
/// <param name="Exact">False lets a large hub estimate how many completed; all other figures are exact.</param>
public sealed record InstanceCountQuery(
    string? Name = null, IReadOnlyCollection<OrchestrationStatus>? Statuses = null, bool Exact = false);

/// <summary>How many instances of a name are in a status.</summary>
public sealed record InstanceCount(string Name, OrchestrationStatus Status, long Count, bool IsEstimate);
