namespace Microsoft.DurableTask;

/// <summary>Options of a call of an activity or a sub-orchestration.</summary>
public record TaskOptions
{
    /// <summary>Creates options with retries.</summary>
    public TaskOptions(TaskRetryOptions? retry)
        : this(retry, tags: null)
    {
    }

    /// <summary>Creates options.</summary>
    public TaskOptions(TaskRetryOptions? retry = null, IDictionary<string, string>? tags = null)
    {
        Retry = retry;
        Tags = tags;
    }

    /// <summary>Copies options.</summary>
    public TaskOptions(TaskOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Retry = options.Retry;
        Tags = options.Tags;
        Version = options.Version;
    }

    /// <summary>How a failed call is retried; null for not at all.</summary>
    public TaskRetryOptions? Retry { get; init; }

    /// <summary>Tags of the call. A sub-orchestration has its parent's tags too; these win.</summary>
    public IDictionary<string, string>? Tags { get; init; }

    /// <summary>
    /// The version to call; null is the orchestration's own for an activity, the worker's default for a sub-orchestration.
    /// </summary>
    public TaskVersion? Version { get; init; }

    public static TaskOptions FromRetryPolicy(RetryPolicy policy) => new(policy);

    public static TaskOptions FromRetryHandler(AsyncRetryHandler handler) => new(handler);

    public static TaskOptions FromRetryHandler(RetryHandler handler) => new(handler);

    /// <summary>These options for a sub-orchestration with a given instance id.</summary>
    public SubOrchestrationOptions WithInstanceId(string instanceId) => new(this, instanceId);

    /// <summary>Catches options that bind to the parameter <c>input</c>, which the compiler cannot when they are typed as object.</summary>
    /// <exception cref="ArgumentException">The input is options, and there are no other options.</exception>
    internal static void RejectAsInput(object? input, TaskOptions? options)
    {
        if (input is TaskOptions && options is null)
        {
            throw new ArgumentException(
                $"{input.GetType().Name} was passed as the input of the call, and no options were. "
                + "Pass it as the named argument 'options:' instead.",
                nameof(input));
        }
    }
}
