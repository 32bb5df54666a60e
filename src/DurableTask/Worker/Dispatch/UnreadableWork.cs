using System.Collections.Concurrent;
using DurableTask.Core;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// What this version of the engine cannot read, a newer one may, and in a rolling upgrade its workers are on the hub too: it is left to
/// them. It fails when its text is damaged, which no version can read, or when nobody has got any further with it for
/// <see cref="TaskHubWorkerOptions.UnreadableWorkTimeout"/>.
/// </summary>
internal sealed class UnreadableWork(TimeProvider time, TimeSpan limit)
{
    // Far more than a worker ever sees: beyond it, all are new to it again, and wait longer.
    private const int MaximumKnown = 10_000;

    private readonly ConcurrentDictionary<string, (string Progress, long Since)> _known = new(StringComparer.Ordinal);

    /// <param name="id">What cannot be read.</param>
    /// <param name="progress">How far it has come: when that changes, somebody can read it.</param>
    public bool IsHopeless(string id, string progress, UnreadableEvent unreadable)
    {
        if (unreadable.IsDamaged)
        {
            return true;
        }

        if (_known.Count >= MaximumKnown)
        {
            _known.Clear();
        }

        long now = time.GetTimestamp();
        (string Progress, long Since) known = _known.AddOrUpdate(
            id, _ => (progress, now), (_, before) => before.Progress == progress ? before : (progress, now));
        return time.GetElapsedTime(known.Since, now) >= limit;
    }

    public void Forget(string id) => _known.TryRemove(id, out _);

    /// <summary>Why an instance ended with it.</summary>
    public FailureDetails Failure(UnreadableEvent unreadable) => new(
        "UnreadableWorkItem",
        $"A stored event of this orchestration cannot be read by this version of the engine. {Why(unreadable)}",
        IsNonRetriable: true);

    /// <summary>The reason, and why it was waited for no longer.</summary>
    public string Why(UnreadableEvent unreadable) => unreadable.IsDamaged
        ? unreadable.Reason
        : $"{unreadable.Reason} No worker that can read it has taken it within {limit}.";
}
