using DurableTask.Core;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Turns exceptions into their stored form. A failure that came from a task keeps that task's details as its inner failure. Code of the
/// host that throws meanwhile (a provider of properties, an exception's own text) costs what it was asked for, and nothing else.
/// </summary>
internal static partial class Failures
{
    /// <param name="logger">Hears of what could not be read.</param>
    public static FailureDetails From(
        Exception exception, global::DurableTask.Core.IExceptionPropertiesProvider? properties, ILogger? logger = null) =>
        FailureLimits.Apply(From(exception, properties, logger, depth: 0));

    private static FailureDetails From(
        Exception exception, global::DurableTask.Core.IExceptionPropertiesProvider? properties, ILogger? logger, int depth)
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
            { InnerException: { } cause } => From(cause, properties, logger, depth + 1),
            _ => null,
        };
        return new FailureDetails(
            exception.GetType().FullName ?? exception.GetType().Name,
            Ask(() => exception.Message) ?? "",
            Ask(() => exception.StackTrace),
            inner,
            // The same code would make the same payload again.
            IsNonRetriable: exception is PayloadStorageException,
            Ask(() => properties?.GetExceptionProperties(exception) is { } added ? FailureDetails.NormalizeProperties(added) : null));

        T? Ask<T>(Func<T?> question)
            where T : class
        {
            try
            {
                return question();
            }
            catch (Exception withheld)
            {
                if (logger is not null)
                {
                    Log.DetailWithheld(logger, withheld, exception.GetType());
                }

                return null;
            }
        }
    }

    public static FailureDetails NotFound(string errorType, string what, string name, string? version) => new(
        errorType,
        $"No {what} task named '{name}'{(string.IsNullOrEmpty(version) ? "" : $" with version '{version}'")} was found. "
        + "Register it with this worker's AddTasks, or check the spelling of the name.",
        IsNonRetriable: true);

    private static partial class Log
    {
        [LoggerMessage(EventId = 637, Level = LogLevel.Warning,
            Message = "A detail of a failure ({Failure}) could not be read and is left out: the exception, or the provider of its "
                + "properties, threw.")]
        public static partial void DetailWithheld(ILogger logger, Exception thrown, Type failure);
    }
}
