using DurableTask.Core;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Turns exceptions into their stored form. A failure that came from a task keeps that task's details as its inner failure.
/// </summary>
internal static class Failures
{
    public static FailureDetails From(Exception exception, global::DurableTask.Core.IExceptionPropertiesProvider? properties) =>
        FailureLimits.Apply(From(exception, properties, depth: 0));

    private static FailureDetails From(
        Exception exception, global::DurableTask.Core.IExceptionPropertiesProvider? properties, int depth)
    {
        if (exception is OrchestrationFailure own)
        {
            return own.Details;
        }

        FailureDetails? inner = exception switch
        {
            _ when depth >= FailureLimits.MaximumDepth => null,
            TaskFailedException failed => failed.FailureDetails.ToStored(),
            EntityOperationFailedException failed => failed.FailureDetails.ToStored(),
            { InnerException: { } cause } => From(cause, properties, depth + 1),
            _ => null,
        };
        return new FailureDetails(
            exception.GetType().FullName ?? exception.GetType().Name,
            exception.Message,
            exception.StackTrace,
            inner,
            // The same code would make the same payload again.
            IsNonRetriable: exception is PayloadStorageException,
            properties?.GetExceptionProperties(exception) is { } added ? FailureDetails.NormalizeProperties(added) : null);
    }

    public static FailureDetails NotFound(string errorType, string what, string name, string? version) => new(
        errorType,
        $"No {what} task named '{name}'{(string.IsNullOrEmpty(version) ? "" : $" with version '{version}'")} was found. "
        + "Register it with this worker's AddTasks, or check the spelling of the name.",
        IsNonRetriable: true);
}
