using System.Diagnostics;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Azure.Functions.Worker;

internal sealed class DefaultFunctionContext : FunctionContext
{
    private readonly FunctionDescriptor _function;
    private readonly InvocationEnd? _end;
    private IDictionary<object, object>? _items;
    private IServiceProvider? _services;
    private (Func<object, IServiceProvider> Of, object Source)? _find;

    public DefaultFunctionContext(
        FunctionDescriptor function,
        string invocationId,
        BindingContext bindings,
        RetryContext retry,
        IServiceProvider? services,
        InvocationEnd? end)
    {
        _function = function;
        InvocationId = invocationId;
        BindingContext = bindings;
        RetryContext = retry;
        _services = services;
        _end = end;
        TraceContext = new CurrentTraceContext(Activity.Current);
        Features = new InvocationFeatures(this);
    }

    public override string InvocationId { get; }

    public override string FunctionId => _function.Id;

    public override TraceContext TraceContext { get; }

    public override BindingContext BindingContext { get; }

    public override RetryContext RetryContext { get; }

    public override IServiceProvider InstanceServices
    {
        get => _services ??= _find is { } find
            ? find.Of(find.Source)
            : throw new InvalidOperationException("The invocation has no services.");
        set => _services = value;
    }

    public override FunctionDefinition FunctionDefinition => _function;

    public override IDictionary<object, object> Items
    {
        get => _items ??= new Dictionary<object, object>();
        set => _items = value;
    }

    public override IInvocationFeatures Features { get; }

    public override CancellationToken CancellationToken => _end?.Token ?? CancellationToken.None;

    /// <summary>Where the services come from when somebody asks for them.</summary>
    public void FindServices(Func<object, IServiceProvider> of, object source) => _find = (of, source);

    private sealed class CurrentTraceContext(Activity? activity) : TraceContext
    {
        public override IReadOnlyDictionary<string, string> Baggage => activity is null
            ? base.Baggage
            : activity.Baggage
                .DistinctBy(static b => b.Key)
                .ToDictionary(static b => b.Key, static b => b.Value ?? "", StringComparer.Ordinal);

        public override string TraceParent => activity?.Id ?? "";

        public override string TraceState => activity?.TraceStateString ?? "";
    }
}

internal sealed class TriggerBindingContext(IReadOnlyDictionary<string, object?> bindingData) : BindingContext
{
    public override IReadOnlyDictionary<string, object?> BindingData { get; } = bindingData;
}

internal sealed class AttemptContext(int retryCount, int maxRetryCount) : RetryContext
{
    public static readonly AttemptContext First = new(0, 0);

    public override int RetryCount { get; } = retryCount;

    public override int MaxRetryCount { get; } = maxRetryCount;
}
