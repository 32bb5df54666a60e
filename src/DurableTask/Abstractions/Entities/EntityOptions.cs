namespace Microsoft.DurableTask.Entities;

/// <summary>Options of a call of an entity; none so far.</summary>
public record CallEntityOptions;

/// <summary>Options of a signal to an entity.</summary>
public record SignalEntityOptions
{
    /// <summary>When to deliver the signal; null for at once.</summary>
    public DateTimeOffset? SignalTime { get; init; }

    /// <summary>Null for null, else options without a signal time: a flag carries none.</summary>
    public static implicit operator SignalEntityOptions?(bool? value) => value is null ? null : new SignalEntityOptions();

    /// <summary>Options with a signal time.</summary>
    public static implicit operator SignalEntityOptions(DateTimeOffset value) => new() { SignalTime = value };
}
