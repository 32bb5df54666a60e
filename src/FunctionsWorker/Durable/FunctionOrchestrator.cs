using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// An <c>[OrchestrationTrigger]</c> function as the engine sees it. Middleware stands around the turns in which it runs
/// (<see cref="OrchestrationMiddleware"/>), not around its code, which is replayed. Its scope and its instance end with the engine's
/// session, which is one turn, or many in a row with extended sessions; keep scoped services for activities.
/// </summary>
internal sealed partial class FunctionOrchestrator : ITaskOrchestrator, IDisposable
{
    private readonly FunctionDescriptor _function;
    private readonly IServiceScopeFactory _scopes;
    private readonly PayloadLog _log;
    private readonly int _input;
    private AsyncServiceScope? _scope;
    private object? _instance;

    public FunctionOrchestrator(FunctionDescriptor function, IServiceScopeFactory scopes, PayloadLog log)
    {
        _log = log;
        _function = function;
        _scopes = scopes;
        _input = function.Bindings.ToList().FindIndex(IsInput);
        InputType = _input < 0 ? typeof(object) : function.Bindings[_input].Parameter.Type;
        OutputType = DurableFunctions.OutputType(function.Method);
    }

    public Type InputType { get; }

    public Type OutputType { get; }

    public async Task<object?> RunAsync(TaskOrchestrationContext context, object? input)
    {
        AsyncServiceScope scope = _scope ??= _scopes.CreateAsyncScope();
        var functionContext = new DefaultFunctionContext(
            _function,
            // Replay must see the same id each time.
            context.InstanceId,
            new TriggerBindingContext(
                new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["instanceId"] = context.InstanceId }),
            AttemptContext.First,
            scope.ServiceProvider,
            end: null);
        if (OrchestrationMiddleware.Current is { } turn)
        {
            functionContext.Items = turn.Items;
        }

        OrchestrationFunctions.Attach(context, functionContext);
        object?[] arguments = [.. _function.Bindings.Select((p, i) => Argument(p, i, context, functionContext, input))];
        _instance = _function.Method.IsStatic
            ? null
            : scope.ServiceProvider.GetRequiredService<IFunctionActivator>()
                .CreateInstance(_function.Method.DeclaringType!, functionContext);
        _log.Began(_function, context.InstanceId, input, context.IsReplaying);
        object? output = await _function.Call(_instance, arguments);
        _log.Ended(_function, context.InstanceId, output, context.IsReplaying);
        return output;
    }

    /// <summary>The engine's session is over: most often in the middle of the code, with which another one goes on.</summary>
    public void Dispose()
    {
        if (_scope is { } scope)
        {
            _scope = null;
            _ = EndAsync(_instance, scope, _function.Name);
        }
    }

    private static async Task EndAsync(object? instance, AsyncServiceScope scope, string name)
    {
        ILogger logger = scope.ServiceProvider.GetRequiredService<ILogger<FunctionOrchestrator>>();
        try
        {
            if (instance is IAsyncDisposable asyncDisposable)
            {
                await asyncDisposable.DisposeAsync();
            }
            else
            {
                (instance as IDisposable)?.Dispose();
            }

            await scope.DisposeAsync();
        }
        catch (Exception exception)
        {
            Log.NotDisposed(logger, exception, name);
        }
    }

    private object? Argument(ParameterDescriptor parameter, int index, TaskOrchestrationContext context, FunctionContext function,
        object? input) =>
        parameter.IsTrigger ? context
        : index == _input ? input ?? DurableFunctions.DefaultOf(parameter.Parameter)
        : parameter.Parameter.Type == typeof(FunctionContext) ? function
        : CancellationToken.None;

    private static bool IsInput(ParameterDescriptor parameter) =>
        parameter.Attribute is null
        && parameter.Parameter.Type != typeof(FunctionContext)
        && parameter.Parameter.Type != typeof(CancellationToken);

    private static partial class Log
    {
        [LoggerMessage(110, LogLevel.Error, "Orchestrator {Function}: what it used could not be disposed after its turn")]
        public static partial void NotDisposed(ILogger logger, Exception exception, string function);
    }
}
