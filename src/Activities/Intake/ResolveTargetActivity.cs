using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>The target of one signal, see <see cref="SignalTargets"/>.</summary>
[DurableTask(ActivityNames.ResolveTarget)]
internal sealed class ResolveTargetActivity(TargetRealms realms) : TaskActivity<Signal, TargetResolution>
{
    public override Task<TargetResolution> RunAsync(TaskActivityContext context, Signal? input) =>
        realms.NewResolver().ResolveAsync(input!, CancellationToken.None);
}
