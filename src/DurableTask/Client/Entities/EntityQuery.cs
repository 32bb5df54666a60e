namespace Microsoft.DurableTask.Client.Entities;

/// <summary>Which entities to list. What is null matches all.</summary>
public record EntityQuery
{
    /// <summary>How many entities one page holds unless the query says otherwise.</summary>
    public const int DefaultPageSize = 100;

    private readonly string? _instanceIdStartsWith;

    /// <summary>With an id that begins so. A leading '@' may be left out; the entity's name becomes lower case.</summary>
    public string? InstanceIdStartsWith
    {
        get => _instanceIdStartsWith;
        init => _instanceIdStartsWith = value is null ? null : Normalize(value);
    }

    /// <summary>Changed at this time or later.</summary>
    public DateTimeOffset? LastModifiedFrom { get; init; }

    /// <summary>Changed at this time or earlier.</summary>
    public DateTimeOffset? LastModifiedTo { get; init; }

    /// <summary>True, the default, to read the states too.</summary>
    public bool IncludeState { get; init; } = true;

    /// <summary>True to list entities without state too; the default is false.</summary>
    public bool IncludeTransient { get; init; }

    /// <summary>How many entities one page holds at most; null for the default.</summary>
    public int? PageSize { get; init; }

    /// <summary>Where to begin: the token of an earlier page.</summary>
    public string? ContinuationToken { get; init; }

    private static string Normalize(string prefix)
    {
        var name = prefix.TrimStart('@');
        var end = name.IndexOf('@', StringComparison.Ordinal);
        return end < 0 ? "@" + name.ToLowerInvariant() : "@" + name[..end].ToLowerInvariant() + name[end..];
    }
}
