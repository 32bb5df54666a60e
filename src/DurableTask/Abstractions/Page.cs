namespace Microsoft.DurableTask;

/// <summary>One page of results.</summary>
public sealed class Page<T>
    where T : notnull
{
    /// <summary>Creates a page.</summary>
    /// <param name="values">The results.</param>
    /// <param name="continuationToken">Where the next page begins; null when this is the last.</param>
    public Page(IReadOnlyList<T> values, string? continuationToken = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        Values = values;
        ContinuationToken = continuationToken;
    }

    /// <summary>The results; may be empty although more pages follow.</summary>
    public IReadOnlyList<T> Values { get; }

    /// <summary>Where the next page begins; null when this is the last.</summary>
    public string? ContinuationToken { get; }
}
