using System.Collections.Concurrent;
using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Finds the message of an entity with which no batch can be stored. A batch that the hub refuses for what is in it is done again one
/// message at a time; the message that is refused alone, five times, is hopeless: it is answered with the reason instead, and the others
/// go on. What a hub that is away, full or locked does not store is tried for as long as it takes.
/// </summary>
internal sealed class RefusedMessages
{
    private const int MaximumRefusals = 5;

    // Far more than a worker ever sees: beyond it, all are counted anew.
    private const int MaximumKnown = 10_000;

    private readonly ConcurrentDictionary<string, Refused> _known = new(StringComparer.Ordinal);

    /// <summary>True when a batch of these messages was refused: they are to be done one at a time.</summary>
    public bool IsSuspect(EntityWorkItem item) =>
        _known.TryGetValue(item.Lock.EntityId, out Refused? refused) && item.Messages[0].Id <= refused.Until;

    /// <summary>What a message is refused with; null when it is to be done.</summary>
    public Refusal? Of(EntityWorkItem item, long messageId) =>
        _known.TryGetValue(item.Lock.EntityId, out Refused? refused) && refused.MessageId == messageId && refused.Count >= MaximumRefusals
            ? new(refused.Reason, IsAnswered: refused.Count == MaximumRefusals)
            : null;

    /// <summary>A batch was not stored.</summary>
    /// <param name="played">Its messages, as far as it came.</param>
    public void NotStored(EntityWorkItem item, IReadOnlyList<long> played, Exception failure)
    {
        if (played.Count == 0 || (failure is not PayloadStorageException && !UnstorableTurns.IsRefusal(failure)))
        {
            return;
        }

        if (_known.Count >= MaximumKnown)
        {
            _known.Clear();
        }

        // Of several it is not known which: nobody is accused yet.
        long accused = played.Count == 1 ? played[0] : 0;
        int refusals = failure is PayloadStorageException ? MaximumRefusals : 1;
        Refused first = new(played[^1], accused, refusals, Reason(failure));
        _known.AddOrUpdate(item.Lock.EntityId, first, (_, before) => first with
        {
            Until = Math.Max(before.Until, first.Until),
            Count = accused != 0 && before.MessageId == accused ? Math.Max(before.Count + 1, refusals) : refusals,
        });
    }

    /// <summary>A batch was stored.</summary>
    public void Stored(EntityWorkItem item, IReadOnlyList<long> played)
    {
        if (_known.TryGetValue(item.Lock.EntityId, out Refused? refused)
            && played.Any(id => id == refused.MessageId || id >= refused.Until))
        {
            _known.TryRemove(KeyValuePair.Create(item.Lock.EntityId, refused));
        }
    }

    private static string Reason(Exception refusal) => refusal is PayloadStorageException
        ? UnstorableTurns.Printable(refusal.Message)
        : $"{MaximumRefusals} times, {refusal.GetType().Name}: {UnstorableTurns.Printable(refusal.Message)}";

    /// <param name="Until">The last message that may be at fault.</param>
    /// <param name="MessageId">The one that was refused alone; 0 for none.</param>
    /// <param name="Count">How often that was.</param>
    private sealed record Refused(long Until, long MessageId, int Count, string Reason);
}

/// <summary>Why a message is not done.</summary>
/// <param name="IsAnswered">False when the answer could not be stored either.</param>
internal sealed record Refusal(string Reason, bool IsAnswered)
{
    public FailureDetails Failure(string what) =>
        new("UnstorableOperation", $"{what} is not tried again: what it does cannot be stored. {Reason}", IsNonRetriable: true);
}
