using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>
/// Judges whether there is a fault. Pure, and yet an activity: its verdict is recorded in the history, so that a newer program with other
/// rules does not change the course of an incident under way.
/// </summary>
[DurableTask(ActivityNames.DetectFault)]
internal sealed class DetectFaultActivity : TaskActivity<EvidenceBundle, Detection>
{
    public override Task<Detection> RunAsync(TaskActivityContext context, EvidenceBundle? input) =>
        Task.FromResult(DetectionPolicy.Judge(input!));
}
