using DurableTask.Core;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>Between the stored form of a failure and the one that orchestrators see.</summary>
internal static class FailureMapping
{
    public static TaskFailureDetails ToTaskFailureDetails(this FailureDetails stored) => new(
        stored.ErrorType,
        stored.ErrorMessage,
        stored.StackTrace,
        stored.InnerFailure?.ToTaskFailureDetails(),
        stored.Properties?.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));

    public static FailureDetails ToStored(this TaskFailureDetails details) => new(
        details.ErrorType,
        details.ErrorMessage,
        details.StackTrace,
        details.InnerFailure?.ToStored(),
        IsNonRetriable: false,
        details.Properties?.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
}
