using DurableTask.Core;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>The engine's own reason why an orchestration cannot run, as stored.</summary>
internal sealed class OrchestrationFailure(FailureDetails details) : Exception(details.ErrorMessage)
{
    public FailureDetails Details { get; } = details;
}
