using System.Collections.ObjectModel;
using System.Diagnostics;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>What a trigger hands to the invoker: the payload, what it knows beside it, and how long it is willing to wait.</summary>
internal sealed record InvocationRequest(FunctionDescriptor Function, object? Payload)
{
    public IReadOnlyDictionary<string, object?> BindingData { get; init; } = ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>The scope to run in; null means one of its own, disposed after the invocation.</summary>
    public IServiceProvider? Services { get; init; }

    public RetryContext Retry { get; init; } = AttemptContext.First;

    /// <summary>Ties this invocation to what caused it, in every log line. Null: the invocation's id.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The span that caused this one; default: the current one, if there is one.</summary>
    public ActivityContext Parent { get; init; }

    /// <summary>Puts the trigger's own objects, made of its payload, among the features before anybody sees them.</summary>
    public Action<IInvocationFeatures, object>? Prepare { get; init; }

    /// <summary>The scope to run in, made of the payload when somebody asks for it: many a function needs none.</summary>
    public Func<object, IServiceProvider>? ServicesOf { get; init; }
}

/// <summary>The payload of the trigger, as a feature of the invocation.</summary>
internal sealed record TriggerPayload(object? Value);
