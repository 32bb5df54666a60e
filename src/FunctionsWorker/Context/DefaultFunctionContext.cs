using System.Diagnostics;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker;

internal sealed class DefaultFunctionContext : FunctionContext
{
    private readonly FunctionDescriptor _function;

    public DefaultFunctionContext(
        FunctionDescriptor function,
        string invocationId,
        BindingContext bindings,
        RetryContext retry,
        IServiceProvider services,
        CancellationToken cancellationToken)
    {
        _function = function;
        InvocationId = invocationId;
        BindingContext = bindings;
        RetryContext = retry;
        InstanceServices = services;
        CancellationToken = cancellationToken;
        TraceContext = new CurrentTraceContext(Activity.Current);
    }

    public override string InvocationId { get; }

    public override string FunctionId => _function.Id;

    public override TraceContext TraceContext { get; }

    public override BindingContext BindingContext { get; }

    public override RetryContext RetryContext { get; }

    public override IServiceProvider InstanceServices { get; set; }

    public override FunctionDefinition FunctionDefinition => _function;

    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();

    public override IInvocationFeatures Features { get; } = new InvocationFeatures();

    public override CancellationToken CancellationToken { get; }

    private sealed class CurrentTraceContext(Activity? activity) : TraceContext
    {
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
