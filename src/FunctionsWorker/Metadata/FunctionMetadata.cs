namespace Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

/// <summary>What a function is, in the form in which tools list functions.</summary>
public interface IFunctionMetadata
{
    string? FunctionId { get; }

    bool IsProxy { get; }

    string? Language { get; }

    bool ManagedDependencyEnabled { get; }

    string? Name { get; }

    /// <summary>Full name of the method.</summary>
    string? EntryPoint { get; }

    /// <summary>One JSON object per binding.</summary>
    IList<string>? RawBindings { get; }

    /// <summary>File name of the assembly.</summary>
    string? ScriptFile { get; }

    /// <summary>Null without a retry attribute.</summary>
    IRetryOptions? Retry { get; }
}

/// <inheritdoc />
public class DefaultFunctionMetadata : IFunctionMetadata
{
    /// <summary>Made of name, file and method: the same in every process.</summary>
    public string? FunctionId => Name is null ? null : $"{Name}|{ScriptFile}|{EntryPoint}";

    public bool IsProxy { get; set; }

    public string? Language { get; set; }

    public bool ManagedDependencyEnabled { get; set; }

    public string? Name { get; set; }

    public string? EntryPoint { get; set; }

    public IList<string>? RawBindings { get; set; }

    public string? ScriptFile { get; set; }

    public IRetryOptions? Retry { get; set; }
}

public enum RetryStrategy
{
    ExponentialBackoff = 0,
    FixedDelay = 1,
}

/// <summary>A function's retry attribute.</summary>
public interface IRetryOptions
{
    int MaxRetryCount { get; }

    /// <summary>With a fixed delay.</summary>
    TimeSpan? DelayInterval { get; }

    /// <summary>With a growing delay.</summary>
    TimeSpan? MinimumInterval { get; }

    /// <summary>With a growing delay.</summary>
    TimeSpan? MaximumInterval { get; }

    RetryStrategy? Strategy { get; }
}

/// <inheritdoc />
public class DefaultRetryOptions : IRetryOptions
{
    public int MaxRetryCount { get; set; }

    public TimeSpan? DelayInterval { get; set; }

    public TimeSpan? MinimumInterval { get; set; }

    public TimeSpan? MaximumInterval { get; set; }

    /// <summary>As the intervals say; null when there are none.</summary>
    public RetryStrategy? Strategy => DelayInterval is not null ? RetryStrategy.FixedDelay
        : MinimumInterval is not null && MaximumInterval is not null ? RetryStrategy.ExponentialBackoff
        : null;
}
