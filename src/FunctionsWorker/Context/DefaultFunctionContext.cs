using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// The context of every invocation. What most functions never ask for is made when somebody does: until then, what the host itself keeps on
/// an invocation is in fields.
/// </summary>
internal sealed class DefaultFunctionContext : FunctionContext
{
    private readonly FunctionDescriptor _function;
    private readonly InvocationEnd? _end;
    private readonly Activity? _activity = Activity.Current;
    private readonly InvocationRequest? _request;
    private readonly InvocationInputs? _inputs;
    private IDictionary<object, object>? _items;
    private IServiceProvider? _services;
    private InvocationFeatures? _features;
    private BindingContext? _bindings;
    private TraceContext? _trace;

    /// <summary>Of what a trigger hands to the invoker.</summary>
    public DefaultFunctionContext(
        InvocationRequest request, string invocationId, IServiceProvider? services, InvocationEnd end, InputBinder binder)
    {
        _request = request;
        _function = request.Function;
        InvocationId = invocationId;
        RetryContext = request.Retry;
        _services = services;
        _end = end;
        _inputs = new(binder);
    }

    /// <summary>Of a turn of an orchestrator, which has no payload to bind.</summary>
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
        _bindings = bindings;
        RetryContext = retry;
        _services = services;
        _end = end;
    }

    public override string InvocationId { get; }

    public override string FunctionId => _function.Id;

    public override TraceContext TraceContext => _trace ??= new CurrentTraceContext(_activity);

    public override BindingContext BindingContext => _bindings ??= new TriggerBindingContext(_request!.BindingData);

    public override RetryContext RetryContext { get; }

    public override IServiceProvider InstanceServices
    {
        get => _services ??= _request?.ServicesOf is { } find
            ? find(_request.Payload!)
            : throw new InvalidOperationException("The invocation has no services.");
        set => _services = value;
    }

    public override FunctionDefinition FunctionDefinition => _function;

    public override IDictionary<object, object> Items
    {
        get => _items ??= new Dictionary<object, object>();
        set => _items = value;
    }

    public override IInvocationFeatures Features
    {
        get
        {
            if (_features is null)
            {
                // Whoever comes second, on another thread, takes those of the first.
                Interlocked.CompareExchange(ref _features, MakeFeatures(), comparand: null);
            }

            return _features;
        }
    }

    public override CancellationToken CancellationToken => _end?.Token ?? CancellationToken.None;

    /// <summary>The result so far.</summary>
    public InvocationResult Result { get; } = new ResultFeature();

    /// <summary>What the trigger brought.</summary>
    public object? Payload => _features is null ? _request?.Payload : _features.Get<TriggerPayload>()?.Value;

    /// <summary>The request of an HTTP-triggered invocation.</summary>
    public HttpContext? Http => _features is null ? _request?.Payload as HttpContext : _features.Get<HttpContext>();

    /// <summary>What binds the parameters: the host, or what a middleware has put in its place.</summary>
    public IFunctionInputBindingFeature? Inputs => _features is null ? _inputs : _features.Get<IFunctionInputBindingFeature>();

    private InvocationFeatures MakeFeatures()
    {
        var features = new InvocationFeatures(this);
        features.Set((ResultFeature)Result);
        if (_request is not null)
        {
            features.Set(new TriggerPayload(_request.Payload));
            features.Set<IFunctionInputBindingFeature>(_inputs);
            _request.Prepare?.Invoke(features, _request.Payload!);
        }

        return features;
    }

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

/// <summary>Where the result of an invocation is kept; a feature, so that a context that stands around another one finds it too.</summary>
internal sealed class ResultFeature : InvocationResult
{
    public override object? Value { get; set; }
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
