using Heal.Healing;
using Microsoft.DurableTask;

namespace Heal.Activities;

/// <param name="Need">What still needs the effect; null: nothing.</param>
public sealed record NeedLook(string? Need);

/// <summary>Looks whether anything still needs an effect with a time limit. Reads only.</summary>
[DurableTask(ActivityNames.LookAtNeed)]
internal sealed class LookAtNeedActivity(ActionCatalogue actions) : TaskActivity<ExpiryRequest, NeedLook>
{
    public override async Task<NeedLook> RunAsync(TaskActivityContext context, ExpiryRequest? input) =>
        new(actions.Find(input!.ActionId) is { } action
            ? await action.NeedAsync(input.Key, input.Target, CancellationToken.None)
            : "this program does not know its action");
}
