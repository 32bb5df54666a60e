namespace Microsoft.Azure.Functions.Worker;

/// <summary>Everything about one invocation. Lives as long as the invocation; do not keep it.</summary>
public abstract class FunctionContext
{
    /// <summary>Unique per invocation; a retry of the same message has a new one.</summary>
    public abstract string InvocationId { get; }

    public abstract string FunctionId { get; }

    public abstract TraceContext TraceContext { get; }

    public abstract BindingContext BindingContext { get; }

    public abstract RetryContext RetryContext { get; }

    /// <summary>The dependency-injection scope of this invocation.</summary>
    public abstract IServiceProvider InstanceServices { get; set; }

    public abstract FunctionDefinition FunctionDefinition { get; }

    /// <summary>A place for middleware to hand things on.</summary>
    public abstract IDictionary<object, object> Items { get; set; }

    public abstract IInvocationFeatures Features { get; }

    /// <summary>Cancelled when <c>functionTimeout</c> has passed, the caller has gone, or the host must end now.</summary>
    public virtual CancellationToken CancellationToken { get; }
}

/// <summary>What the trigger knows beside its payload: route values, message id, dequeue count ...</summary>
public abstract class BindingContext
{
    public abstract IReadOnlyDictionary<string, object?> BindingData { get; }
}

/// <summary>Which attempt this is. <see cref="RetryCount"/> is 0 on the first.</summary>
public abstract class RetryContext
{
    public abstract int RetryCount { get; }

    public abstract int MaxRetryCount { get; }
}

/// <summary>W3C trace context of the invocation.</summary>
public abstract class TraceContext
{
    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>(StringComparer.Ordinal);

    public abstract string TraceParent { get; }

    public abstract string TraceState { get; }

    public virtual IReadOnlyDictionary<string, string> Attributes => Nothing;

    public virtual IReadOnlyDictionary<string, string> Baggage => Nothing;
}
