using Heal.Activities;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.DurableTask.Client;

namespace Heal.Functions.Machines;

/// <summary>What is being done to a machine, or was done last.</summary>
/// <param name="Work">create, delete or switch.</param>
/// <param name="Progress">Null when it has not begun.</param>
/// <param name="Outcome">Null while it is under way.</param>
internal sealed record VmWorkView(
    string InstanceId, string Work, string RuntimeStatus, DateTimeOffset CreatedAt, DateTimeOffset LastUpdatedAt, VmProgress? Progress,
    VmOutcome? Outcome, string? Failure)
{
    /// <param name="metadata">With payloads.</param>
    public static VmWorkView Of(OrchestrationMetadata metadata) => new(
        metadata.InstanceId,
        metadata.Name switch
        {
            VmOrchestrationNames.CreateVm => "create",
            VmOrchestrationNames.DeleteVm => "delete",
            _ => "switch",
        },
        metadata.RuntimeStatus.ToString(),
        metadata.CreatedAt,
        metadata.LastUpdatedAt,
        metadata.SerializedCustomStatus is null ? null : metadata.ReadCustomStatusAs<VmProgress>(),
        metadata.RuntimeStatus is OrchestrationRuntimeStatus.Completed ? metadata.ReadOutputAs<VmOutcome>() : null,
        metadata.FailureDetails is { } failure ? $"{failure.ErrorType}: {failure.ErrorMessage}" : null);
}

/// <summary>A machine as the API shows it.</summary>
/// <param name="Machine">As its host tells; null when none that answers has it.</param>
/// <param name="Work">Null when nothing was done to it lately.</param>
/// <param name="Silent">Hosts that did not answer.</param>
internal sealed record VmView(string Id, ManagedVm? Machine, VmWorkView? Work, IReadOnlyList<string> Silent);
