using System.Runtime.CompilerServices;
using Microsoft.DurableTask;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Which function runs an orchestration. User code gets the engine's context as it is, which knows nothing of functions.</summary>
internal static class OrchestrationFunctions
{
    private static readonly ConditionalWeakTable<TaskOrchestrationContext, FunctionContext> Running = [];

    public static void Attach(TaskOrchestrationContext context, FunctionContext function) => Running.AddOrUpdate(context, function);

    public static FunctionContext? Of(TaskOrchestrationContext context) =>
        Running.TryGetValue(context, out FunctionContext? function) ? function : null;
}
