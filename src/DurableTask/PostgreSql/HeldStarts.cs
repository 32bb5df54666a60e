using System.Collections.Concurrent;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The starts that wait to be stored together with the first turn of their instance, which a worker of this process runs this moment.
/// Whoever claims one (<see cref="PreparedStart.TryClaim"/>) stores it: the turn, or the timer that ends the wait.
/// </summary>
internal sealed class HeldStarts(TimeProvider timeProvider)
{
    /// <summary>How long a start waits at most for its turn. A turn takes far less, unless the orchestrator's code blocks, or the process
    /// is very busy; whoever starts an orchestration should not have to wait for that.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<string, (PreparedStart Start, ITimer Timer)> _held = new(StringComparer.Ordinal);

    /// <summary>Holds a start whose id nobody else can have, until its turn comes and removes it.</summary>
    /// <param name="store">Stores it by itself when its turn does not come in time.</param>
    public void Hold(PreparedStart start, Action<PreparedStart> store) => _held[start.InstanceId] = (start, timeProvider.CreateTimer(
        _ =>
        {
            if (start.TryClaim())
            {
                store(start);
            }
        },
        state: null,
        Patience,
        Timeout.InfiniteTimeSpan));

    /// <summary>The instance's start, which may be claimed already; null when there is none.</summary>
    public PreparedStart? Remove(string instanceId)
    {
        if (!_held.TryRemove(instanceId, out var held))
        {
            return null;
        }

        held.Timer.Dispose();
        return held.Start;
    }
}
