using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>
/// Makes a machine from its blueprint: check, volumes, seed, networks, domain, start, validation, wish. What fails is undone in reverse
/// order, and nothing is left behind. A kill at any point changes nothing: every step looks first, and goes on from what is there.
/// </summary>
[DurableTask(VmOrchestrationNames.CreateVm)]
internal sealed class CreateVmOrchestrator : TaskOrchestrator<VmCreation, VmOutcome>
{
    public override Task<VmOutcome> RunAsync(TaskOrchestrationContext context, VmCreation? input) =>
        new VmCreationRun(context, input!).RunAsync();
}
