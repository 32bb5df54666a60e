using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// An <c>[OrchestrationTrigger]</c> function as the engine sees it. Middleware does not stand around it: its code is replayed, and what a
/// middleware awaits would not be. Its scope ends with a turn that completes it; keep scoped services for activities.
/// </summary>
internal sealed class FunctionOrchestrator : ITaskOrchestrator
{
    private readonly FunctionDescriptor _function;
    private readonly IServiceScopeFactory _scopes;
    private readonly int _input;

    public FunctionOrchestrator(FunctionDescriptor function, IServiceScopeFactory scopes)
    {
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
        await using AsyncServiceScope scope = _scopes.CreateAsyncScope();
        var functionContext = new DefaultFunctionContext(
            _function,
            // Replay must see the same id each time.
            context.InstanceId,
            new TriggerBindingContext(
                new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["instanceId"] = context.InstanceId }),
            AttemptContext.First,
            scope.ServiceProvider,
            CancellationToken.None);
        object?[] arguments = [.. _function.Bindings.Select((p, i) => Argument(p, i, context, functionContext, input))];
        return await FunctionExecutor.CallAsync(_function, arguments, scope.ServiceProvider);
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
}
