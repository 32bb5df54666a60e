using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.DurableTask;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>An <c>[ActivityTrigger]</c> function as the engine sees it: an ordinary invocation, middleware and all.</summary>
internal sealed class FunctionActivity(FunctionDescriptor function, FunctionInvoker invoker, PayloadLog log) : ITaskActivity
{
    public Type InputType { get; } = function.TriggerParameter.Parameter.Type == typeof(TaskActivityContext)
        ? typeof(object)
        : function.TriggerParameter.Parameter.Type;

    public Type OutputType { get; } = DurableFunctions.OutputType(function.Method);

    public async Task<object?> RunAsync(TaskActivityContext context, object? input)
    {
        FunctionParameter parameter = function.TriggerParameter.Parameter;
        object? payload = parameter.Type == typeof(TaskActivityContext) ? context : input ?? DurableFunctions.DefaultOf(parameter);
        var request = new InvocationRequest(function, payload)
        {
            BindingData = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase)
            {
                ["instanceId"] = context.InstanceId,
                ["name"] = context.Name.ToString(),
            },
            CorrelationId = context.InstanceId,
        };
        log.Began(function, context.InstanceId, input);
        FunctionContext done = await invoker.InvokeAsync(request, context.GetCancellationToken());
        object? output = done.GetInvocationResult().Value;
        log.Ended(function, context.InstanceId, output);
        return output;
    }
}
