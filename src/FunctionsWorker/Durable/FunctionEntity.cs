using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.DurableTask.Entities;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>An <c>[EntityTrigger]</c> function as the engine sees it: each operation is an ordinary invocation, middleware and
/// all.</summary>
internal sealed class FunctionEntity(FunctionDescriptor function, FunctionInvoker invoker, PayloadLog log, IServiceProvider services)
    : ITaskEntity
{
    public async ValueTask<object?> RunAsync(TaskEntityOperation operation)
    {
        string entityId = operation.Context.Id.ToString();
        if (log.WantsPayloads)
        {
            log.Began(function, entityId, operation.HasInput ? operation.GetInput<object>() : null);
        }

        var dispatcher = new TaskEntityDispatcher(operation, services);
        await invoker.InvokeAsync(
            new InvocationRequest(function, dispatcher)
            {
                Services = services,
                BindingData = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["instanceId"] = entityId },
                CorrelationId = entityId,
            },
            CancellationToken.None);
        log.Ended(function, entityId, dispatcher.Result);
        return dispatcher.Result;
    }
}
