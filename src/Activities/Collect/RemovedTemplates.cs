using Heal.Healing;

namespace Heal.Activities;

/// <summary>Templates that the healer took off a target because of a fault: never a place to go back to.</summary>
internal static class RemovedTemplates
{
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    public static async Task<IReadOnlyCollection<string>> OfAsync(
        IHealStore store, TargetReference target, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var history = await store.HistoryAsync(target.Key, exceptIncident: "", now - Memory, cancellationToken);
        return [.. history.Select(operation => operation.RemovedTemplateHash).OfType<string>().Distinct(StringComparer.Ordinal)];
    }
}
