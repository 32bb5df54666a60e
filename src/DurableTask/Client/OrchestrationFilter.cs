namespace Microsoft.DurableTask.Client;

/// <summary>
/// A query that also matches by name and tags; hand it to <see cref="DurableTaskClient.GetAllInstancesAsync"/>. This project's addition
/// beside the contract.
/// </summary>
public sealed record OrchestrationFilter : OrchestrationQuery
{
    /// <summary>Only orchestrations of this name, compared without regard to case; null for all.</summary>
    public TaskName? Name { get; init; }

    /// <summary>Only instances that have all of these tags; null or empty for all.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }
}
