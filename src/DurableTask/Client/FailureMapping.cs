using DurableTask.Core;

namespace Microsoft.DurableTask.Client;

/// <summary>From the stored form of a failure to the one that applications see.</summary>
internal static class FailureMapping
{
    public static TaskFailureDetails ToTaskFailureDetails(this FailureDetails failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return new TaskFailureDetails(
            failure.ErrorType,
            failure.ErrorMessage,
            failure.StackTrace,
            failure.InnerFailure?.ToTaskFailureDetails(),
            failure.Properties?.ToDictionary(StringComparer.Ordinal));
    }
}
