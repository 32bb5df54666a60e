using System.Collections.Concurrent;
using System.Data.Common;
using DurableTask.Core;
using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Tells a hub that is away from a turn that it will never take (a text that cannot be stored, an id that is too long): the second
/// kind would run, and fail, for ever. After five refusals the instance is hopeless.
/// </summary>
internal sealed class UnstorableTurns
{
    private const int MaximumRefusals = 5;

    private readonly ConcurrentDictionary<string, int> _refusals = new(StringComparer.Ordinal);

    public bool IsHopeless(string instanceId, Exception failure) =>
        IsRefusal(failure) && _refusals.AddOrUpdate(instanceId, 1, (_, count) => count + 1) >= MaximumRefusals;

    public void Forget(string instanceId) => _refusals.TryRemove(instanceId, out _);

    /// <summary>The end of a hopeless instance. Its text holds no control characters: they may be what could not be stored.</summary>
    public static TurnResult Failure(Exception refusal) => new()
    {
        Status = OrchestrationStatus.Failed,
        Actions = [],
        CancelledTimers = [],
        Failure = new FailureDetails(
            refusal.GetType().FullName ?? refusal.GetType().Name,
            "A turn of this orchestration could not be stored, "
            + $"{MaximumRefusals} times, so it was ended: {string.Concat(refusal.Message.Where(letter => !char.IsControl(letter)))}",
            IsNonRetriable: true),
    };

    private static bool IsRefusal(Exception failure) => failure switch
    {
        WorkItemLockLostException or TimeoutException or IOException or OperationCanceledException => false,
        DbException database => !database.IsTransient,
        _ => true,
    };
}
