using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>The incident of one signal, see <see cref="IncidentJoin"/>.</summary>
[DurableTask(ActivityNames.JoinIncident)]
internal sealed class JoinIncidentActivity(IncidentJoin incidents) : TaskActivity<JoinRequest, JoinResult>
{
    public override Task<JoinResult> RunAsync(TaskActivityContext context, JoinRequest? input) =>
        incidents.JoinAsync(input!, CancellationToken.None);
}
