using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Lets the hosts of an application know which span sent a message, by the store that they share. Written beside the sending: the first at
/// once, and what comes meanwhile together after it. Asked once for each batch that was received. No message waits long for a trace: what
/// the store does not take or tell in time is left out. A host whose store is a folder keeps its traces to itself.
/// </summary>
/// <remarks>A host that takes a message in the first milliseconds, before the write has ended, begins a new trace.</remarks>
internal sealed partial class SharedTraces(IHostStore store, TimeProvider time, ILogger<SharedTraces> logger) : IHostedService
{
    /// <summary>How long it is kept; a message that waits longer begins a new trace.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>Messages whose traces wait to be written; those of further ones are left out.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>Messages per write.</summary>
    private const int WriteBatch = 500;

    /// <summary>Messages per removal; the store is asked to remove some after a write, where that was this long ago.</summary>
    private const int PurgeBatch = 5_000;
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(5);

    /// <summary>How long messages that were received may wait for their traces.</summary>
    private static readonly TimeSpan FindPatience = TimeSpan.FromMilliseconds(250);

    /// <summary>After a failure: nothing is written or asked for so long.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(10);

    private readonly ITraceStore? _store = store as ITraceStore;

    // TryWrite says no when it is full.
    private readonly Channel<MessageTrace> _sent = Channel.CreateBounded<MessageTrace>(MaxWaiting);
    private Task _writing = Task.CompletedTask;
    private long _purged;
    private long _failed;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _purged = time.GetTimestamp();
        _writing = _store is null ? _writing : Task.Run(() => WriteAsync(_store), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Writes what waits. The listeners have stopped by now.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _sent.Writer.TryComplete();
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Notes a message for the other hosts, if anybody records the trace.</summary>
    public void Sent(string messageId, Activity sender)
    {
        if (_store is not null && sender is { Recorded: true, Id: { } parent } && !IsPaused)
        {
            _sent.Writer.TryWrite(new(messageId, parent, sender.TraceStateString));
        }
    }

    /// <returns>Those that the store knows and tells in time. Never throws.</returns>
    public async Task<IReadOnlyList<MessageTrace>> FindAsync(IReadOnlyList<string> messageIds)
    {
        IReadOnlyList<MessageTrace> found = [];
        if (_store is not null && !IsPaused)
        {
            await TryAsync(async token => found = await _store.FindTracesAsync(messageIds, token), FindPatience);
        }

        return found;
    }

    private bool IsPaused => Volatile.Read(ref _failed) is not 0 and var failed && time.GetElapsedTime(failed) < PauseAfterFailure;

    private async Task WriteAsync(ITraceStore store)
    {
        var batch = new List<MessageTrace>(WriteBatch);
        while (await _sent.Reader.WaitToReadAsync())
        {
            while (batch.Count < WriteBatch && _sent.Reader.TryRead(out MessageTrace trace))
            {
                batch.Add(trace);
            }

            if (!IsPaused)
            {
                await TryAsync(token => store.AddTracesAsync(batch, token), WritePatience);
                await PurgeAsync(store);
            }

            batch.Clear();
        }
    }

    private async Task PurgeAsync(ITraceStore store)
    {
        if (time.GetElapsedTime(_purged) >= PurgeInterval)
        {
            int removed = 0;
            await TryAsync(async token => removed = await store.PurgeTracesAsync(Life, PurgeBatch, token), WritePatience);
            // There are more: they go with the next write.
            _purged = removed == PurgeBatch ? _purged : time.GetTimestamp();
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> call, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience, time);
        try
        {
            await call(limit.Token);
            Volatile.Write(ref _failed, 0);
        }
        catch (Exception exception)
        {
            // One word per outage: what is lost is told once.
            bool isNew = Volatile.Read(ref _failed) == 0;
            Volatile.Write(ref _failed, time.GetTimestamp());
            if (isNew)
            {
                Log.NotShared(logger, store.Place, exception.Message, PauseAfterFailure);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(114, LogLevel.Warning, "Traces of queue messages are not shared with other hosts, since {Place} does not answer "
            + "({Reason}); no message waits for it. Next attempt in {Pause}")]
        public static partial void NotShared(ILogger logger, string place, string reason, TimeSpan pause);
    }
}
