using DurableTask.Core;

namespace Microsoft.DurableTask;

/// <summary>Between the stored form of a failure and the one that applications see.</summary>
internal static class FailureMapping
{
    public static TaskFailureDetails ToTaskFailureDetails(this FailureDetails stored) => new(
        stored.ErrorType,
        stored.ErrorMessage,
        stored.StackTrace,
        stored.InnerFailure?.ToTaskFailureDetails(),
        stored.Properties?.ToDictionary(StringComparer.Ordinal));

    /// <summary>An application's view does not say whether a retry can help, so the stored form says that it may.</summary>
    public static FailureDetails ToStored(this TaskFailureDetails details) => new(
        details.ErrorType,
        details.ErrorMessage,
        details.StackTrace,
        details.InnerFailure?.ToStored(),
        IsNonRetriable: false,
        details.Properties?.ToDictionary(StringComparer.Ordinal));
}
