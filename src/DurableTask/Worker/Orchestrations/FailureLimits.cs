using System.Globalization;
using DurableTask.Core;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// How much of an exception is stored. A failure is part of the history, of the instance and of its parents' histories, and is read with
/// them: an exception that carries a whole response or a stack of a million frames must not weigh on all of that.
/// </summary>
internal static class FailureLimits
{
    /// <summary>The most characters of a message or a stack trace that are stored.</summary>
    public const int MaximumText = 8 * 1024;

    /// <summary>The most inner failures, one in the other, that are stored.</summary>
    public const int MaximumDepth = 16;

    /// <summary>The most characters that the properties of one failure may take as JSON; more are left out.</summary>
    public const int MaximumProperties = 32 * 1024;

    /// <summary>In place of properties that are too large: one of this name, which says so.</summary>
    public const string LeftOut = "leftOut";

    /// <summary>The failure as it is stored. What is cut says so, and how much it was; the beginning stays: it says what happened, and
    /// where.</summary>
    public static FailureDetails Apply(FailureDetails failure) => Apply(failure, depth: 0);

    // What is cut fits again when a parent's failure takes it over.
    private const int RoomForMark = 64;

    private static FailureDetails Apply(FailureDetails failure, int depth) => failure with
    {
        ErrorMessage = Cut(failure.ErrorMessage)!,
        StackTrace = Cut(failure.StackTrace),
        InnerFailure = failure.InnerFailure is { } inner && depth < MaximumDepth ? Apply(inner, depth + 1) : null,
        Properties = Fitting(failure.Properties),
    };

    private static string? Cut(string? text)
    {
        if (text is null || text.Length <= MaximumText)
        {
            return text;
        }

        // Half of a character that takes two could not be stored.
        var kept = MaximumText - RoomForMark;
        kept -= char.IsHighSurrogate(text[kept - 1]) ? 1 : 0;
        return string.Create(
            CultureInfo.InvariantCulture, $"{text.AsSpan(0, kept)} [... cut: {text.Length - kept:N0} of {text.Length:N0} characters]");
    }

    private static IReadOnlyDictionary<string, object?>? Fitting(IReadOnlyDictionary<string, object?>? properties)
    {
        if (properties is null)
        {
            return null;
        }

        var size = HistorySerializer.Serialize(new FailureDetails("", "", Properties: properties))!.Length;
        return size <= MaximumProperties ? properties : new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [LeftOut] = string.Create(
                CultureInfo.InvariantCulture,
                $"The properties are too large: expected at most {MaximumProperties:N0} characters of JSON, got {size:N0}."),
        };
    }
}
