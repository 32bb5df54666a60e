using System.Threading.Channels;
using Heal.Healing;

namespace Heal.Functions.Watches;

/// <param name="SeenAt">When the change reached us; null when time alone made it due. A timestamp of the clock, as the next.</param>
/// <param name="FoundAt">When the detector fired.</param>
internal readonly record struct FoundSignal(Signal Signal, long? SeenAt, long FoundAt);

/// <summary>
/// Signals on their way to the store, in order: while one group is stored the next one gathers, so that many faults at once do not wait for
/// as many commits. When it is full the detectors wait.
/// </summary>
internal sealed class SignalOutbox(Func<IReadOnlyList<FoundSignal>, Task> store)
{
    private const int Waiting = 5_000;
    private const int StoredTogether = 500;

    private readonly Channel<FoundSignal> _queue = Channel.CreateBounded<FoundSignal>(
        new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });

    public ValueTask AddAsync(FoundSignal found, CancellationToken cancellationToken) => _queue.Writer.WriteAsync(found, cancellationToken);

    /// <summary>Stores until it is cancelled, or storing fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            var group = new List<FoundSignal>();
            while (group.Count < StoredTogether && _queue.Reader.TryRead(out FoundSignal found))
            {
                group.Add(found);
            }

            await store(group);
        }
    }
}
