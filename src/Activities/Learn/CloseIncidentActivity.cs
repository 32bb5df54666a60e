using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Closes the incident in the store, unless signals were attached that it has not looked at: then it hands those back.</summary>
[DurableTask(ActivityNames.CloseIncident)]
internal sealed class CloseIncidentActivity(IHealStore store, TimeProvider time) : TaskActivity<CloseRequest, CloseResult>
{
    public override Task<CloseResult> RunAsync(TaskActivityContext context, CloseRequest? input) =>
        store.CloseAsync(input!, time.GetUtcNow(), CancellationToken.None);
}
