using DurableTask.Core;

namespace Microsoft.DurableTask.Client;

/// <summary>The client's statuses and the stored ones are the same numbers.</summary>
internal static class StatusMapping
{
    public static OrchestrationRuntimeStatus ToClient(this OrchestrationStatus status) => (OrchestrationRuntimeStatus)(int)status;

    public static OrchestrationStatus ToCore(this OrchestrationRuntimeStatus status) => (OrchestrationStatus)(int)status;

    public static bool IsTerminal(this OrchestrationRuntimeStatus status) => status.ToCore().IsTerminal();
}
