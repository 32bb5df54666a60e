using System.Collections.Concurrent;
using System.Data.Common;
using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Tells a hub that is away from a turn that it will never take (a text that cannot be stored, an id that is too long) or never give (an
/// event that cannot be read): those would fail for ever. After five refusals the instance is hopeless.
/// </summary>
internal sealed class UnstorableTurns
{
    private const int MaximumRefusals = 5;

    private readonly ConcurrentDictionary<string, int> _refusals = new(StringComparer.Ordinal);

    public bool IsHopeless(string instanceId, Exception failure) =>
        failure is PayloadStorageException
        || (IsRefusal(failure) && _refusals.AddOrUpdate(instanceId, 1, (_, count) => count + 1) >= MaximumRefusals);

    public void Forget(string instanceId) => _refusals.TryRemove(instanceId, out _);

    /// <summary>Why a hopeless instance ended. The text holds no control characters: they may be what could not be stored.</summary>
    public static FailureDetails Failure(Exception refusal) => new(
        refusal.GetType().FullName ?? refusal.GetType().Name,
        refusal is PayloadStorageException
            ? refusal.Message
            : $"A turn of this orchestration could not be {(refusal is InvalidDataException ? "read" : "stored")}, "
        + $"{MaximumRefusals} times, so it was ended: {string.Concat(refusal.Message.Where(letter => !char.IsControl(letter)))}",
        IsNonRetriable: true);

    /// <summary>Throws when a stored event cannot be read: here, or in a newer version that another worker may have.</summary>
    /// <exception cref="InvalidDataException">There is one.</exception>
    public static void ThrowIfUnreadable(IEnumerable<HistoryEvent> stored)
    {
        if (stored.OfType<UnreadableEvent>().FirstOrDefault() is { } unreadable)
        {
            throw new InvalidDataException($"A stored event cannot be read by this version of the engine. {unreadable.Reason}");
        }
    }

    private static bool IsRefusal(Exception failure) => failure switch
    {
        InvalidDataException => true,
        WorkItemLockLostException or TimeoutException or IOException or OperationCanceledException => false,
        DbException database => !database.IsTransient,
        _ => true,
    };
}
