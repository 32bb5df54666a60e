using System.Text.Json.Serialization;

namespace DurableTask.Core;

/// <summary>An exception as it is stored: by names and texts, so that no type has to be loaded to read it.</summary>
/// <param name="ErrorType">The full CLR name of the exception's type, or the name of an engine's own failure such as
/// ActivityTaskNotFound.</param>
/// <param name="ErrorMessage">The exception's message.</param>
/// <param name="StackTrace">The exception's stack trace, if it was thrown.</param>
/// <param name="InnerFailure">The inner exception's details.</param>
/// <param name="IsNonRetriable">True when no retry can help (no such task, version mismatch); retry handlers are not asked then.</param>
/// <param name="Properties">What the worker's exception properties provider added.</param>
public sealed record FailureDetails(
    string ErrorType,
    string ErrorMessage,
    string? StackTrace = null,
    FailureDetails? InnerFailure = null,
    bool IsNonRetriable = false,
    [property: JsonConverter(typeof(FailurePropertiesJsonConverter))]
    IReadOnlyDictionary<string, object?>? Properties = null)
{
    /// <summary>Puts properties into the types that are stored: null, bool, text, double, points in time, lists and dictionaries.</summary>
    public static IReadOnlyDictionary<string, object?> NormalizeProperties(IDictionary<string, object?> properties) =>
        FailureProperties.Normalize(properties);
}
