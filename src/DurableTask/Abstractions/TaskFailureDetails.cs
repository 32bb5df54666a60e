using System.Reflection;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask;

/// <summary>Why a task failed: an exception as names and texts, so that it survives processes, versions and languages.</summary>
/// <param name="ErrorType">The full CLR name of the exception's type, or an engine's own name such as ActivityTaskNotFound.</param>
/// <param name="ErrorMessage">The exception's message.</param>
/// <param name="StackTrace">The exception's stack trace, if there is one.</param>
/// <param name="InnerFailure">The inner exception, if there is one.</param>
/// <param name="Properties">What the worker's exception properties provider added.</param>
public record TaskFailureDetails(
    string ErrorType,
    string ErrorMessage,
    string? StackTrace,
    TaskFailureDetails? InnerFailure,
    IDictionary<string, object?>? Properties)
{
    /// <summary>True when the failure is an exception of this type or of one derived from it. See <see cref="IsCausedBy(Type)"/>.</summary>
    public bool IsCausedBy<T>()
        where T : Exception => IsCausedBy(typeof(T));

    /// <summary>
    /// True when the failure (not an inner one) is an exception of this type or of one derived from it. The type is looked for by its
    /// name in the runtime's own assembly, in that of the asked type, then in all that are loaded; a name that none knows gives false.
    /// </summary>
    /// <exception cref="ArgumentException">The type is not an exception.</exception>
    /// <exception cref="AmbiguousMatchException">Several of all the loaded assemblies have an exception with this name.</exception>
    public bool IsCausedBy(Type targetBaseExceptionType)
    {
        ArgumentNullException.ThrowIfNull(targetBaseExceptionType);
        if (!typeof(Exception).IsAssignableFrom(targetBaseExceptionType))
        {
            throw new ArgumentException(
                $"IsCausedBy: expected a type derived from System.Exception, got {targetBaseExceptionType}.",
                nameof(targetBaseExceptionType));
        }

        return ExceptionTypes.Find(ErrorType, targetBaseExceptionType.Assembly) is { } type
            && targetBaseExceptionType.IsAssignableFrom(type);
    }

    /// <summary>The error's type and message, for people.</summary>
    public override string ToString() => $"{ErrorType}: {ErrorMessage}";

    /// <summary>
    /// The details of an exception and, recursively, of its inner exceptions. A failed task's own failure counts as inner.
    /// </summary>
    public static TaskFailureDetails FromException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return FromException(exception, unwrapTaskFailure: false);
    }

    /// <param name="unwrapTaskFailure">True to answer with the failed task's failure instead of with the exception that reports it.</param>
    internal static TaskFailureDetails FromException(Exception exception, bool unwrapTaskFailure)
    {
        var reported = exception switch
        {
            TaskFailedException failed => failed.FailureDetails,
            EntityOperationFailedException failed => failed.FailureDetails,
            _ => null,
        };
        if (reported is not null && unwrapTaskFailure)
        {
            return reported;
        }

        var inner = reported ?? (exception.InnerException is { } cause ? FromException(cause, unwrapTaskFailure: false) : null);
        var type = exception.GetType();
        return new TaskFailureDetails(type.FullName ?? type.Name, exception.Message, exception.StackTrace, inner, Properties: null);
    }
}
