using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Judges what causes a fault. Pure, and an activity for the same reason as detection.</summary>
[DurableTask(ActivityNames.DiagnoseFault)]
internal sealed class DiagnoseFaultActivity : TaskActivity<DiagnoseRequest, Diagnosis>
{
    public override Task<Diagnosis> RunAsync(TaskActivityContext context, DiagnoseRequest? input) =>
        Task.FromResult(AlertClaim.Add(
            Diagnostician.Diagnose(input!.Evidence, input.Detection), input.Evidence, input.AlertName, input.AlertProves));
}
