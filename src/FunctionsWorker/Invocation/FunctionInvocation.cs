using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>What a trigger hands to the invoker: the payload, what it knows beside it, and how long it is willing to wait.</summary>
internal sealed record InvocationRequest(FunctionDescriptor Function, object? Payload)
{
    public IReadOnlyDictionary<string, object?> BindingData { get; init; } =
        new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The scope to run in; null means one of its own, disposed after the invocation.</summary>
    public IServiceProvider? Services { get; init; }

    public RetryContext Retry { get; init; } = AttemptContext.First;

    /// <summary>Ties this invocation to what caused it, in every log line. Null: the invocation's id.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Puts the trigger's own objects on the context before any middleware sees it.</summary>
    public Action<FunctionContext>? Prepare { get; init; }
}

/// <summary>The payload of the trigger, as a feature of the invocation.</summary>
internal sealed record TriggerPayload(object? Value);
