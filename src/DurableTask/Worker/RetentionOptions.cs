namespace Microsoft.DurableTask.Worker;

/// <summary>
/// How long ended instances are kept. Any number of workers may clean up; running instances are never touched. A sub-orchestration stays
/// as long as its parent is kept, unless the parent has continued as new since.
/// </summary>
public sealed class RetentionOptions
{
    /// <summary>How long completed instances are kept, from their end; null for ever. Default: 30 days.</summary>
    public TimeSpan? Completed { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long failed instances are kept; null for ever. Default: 90 days.</summary>
    public TimeSpan? Failed { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long terminated instances are kept; null for ever. Default: 30 days.</summary>
    public TimeSpan? Terminated { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often the worker looks. Default: 1 minute.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many instances are looked at, and removed at most, in one transaction. Default: 500.</summary>
    public int BatchSize { get; set; } = 500;

    /// <summary>How many batches follow each other before the worker waits for the next interval. Default: 100.</summary>
    public int MaximumBatches { get; set; } = 100;

    internal IEnumerable<string> Faults()
    {
        foreach ((string name, TimeSpan? value) in new[]
        {
            (nameof(Completed), Completed), (nameof(Failed), Failed), (nameof(Terminated), Terminated),
        })
        {
            if (value < TimeSpan.Zero)
            {
                yield return $"{name} is {value}; expected zero or more, or null.";
            }
        }

        if (Interval <= TimeSpan.Zero)
        {
            yield return $"{nameof(Interval)} is {Interval}; expected more than zero.";
        }

        if (BatchSize is < 1 or > 10_000)
        {
            yield return $"{nameof(BatchSize)} is {BatchSize}; expected 1 to 10,000 instances.";
        }

        if (MaximumBatches < 1)
        {
            yield return $"{nameof(MaximumBatches)} is {MaximumBatches}; expected at least 1.";
        }
    }
}
