using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <summary>Looks at the nodes above a machine, see <see cref="Layers"/>. Reads only; a cluster that does not answer is an answer
/// too.</summary>
[DurableTask(ActivityNames.LookAbove)]
internal sealed class LookAboveActivity(Layers layers) : TaskActivity<IReadOnlyList<string>, AboveLook>
{
    public override Task<AboveLook> RunAsync(TaskActivityContext context, IReadOnlyList<string>? input) =>
        layers.LookAsync(input!, CancellationToken.None);
}
