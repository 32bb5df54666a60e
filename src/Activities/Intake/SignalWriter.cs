using System.Diagnostics;
using Heal.Healing;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Group commit for signals. A sender that comes while nobody commits is served at once; those that come meanwhile share the next commit,
/// so that under load the groups grow by themselves and nobody ever waits for a timer. A second commit begins beside the first one only
/// when many wait. When a group fails for a reason of its content, its parts are tried one by one: a bad one does not spoil its neighbours.
/// </summary>
internal sealed partial class SignalWriter(
    Func<ISignalSink> sinks, IntakeOptions options, IntakeMetrics metrics, TimeProvider time, ILogger<SignalWriter> logger)
    : ISignalWriter, IAsyncDisposable
{
    /// <summary>How many senders have to wait before another commit begins beside the one that is under way.</summary>
    private const int WaitingForAnother = 16;

    private static readonly TimeSpan BusyFor = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Queue<Part> _waiting = new();
    private readonly Stack<ISignalSink> _idle = new();
    private TaskCompletionSource _committed = NewSignal();
    private TaskCompletionSource? _stopped;
    private int _waitingSignals;
    private int _groups;
    private int _underWay;
    private long _lastBusy;
    private bool _wasBusy;
    private long _fresh;
    private long _seen;

    /// <summary>True when several senders had to wait together within the last quarter of a second.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate) return _wasBusy && time.GetElapsedTime(_lastBusy) < BusyFor;
        }
    }

    public bool HasNews
    {
        get
        {
            lock (_gate) return _underWay > 0 || _fresh > _seen;
        }
    }

    /// <summary>The number of commits so far that brought new signals. Whoever takes it and then finds none that waits may say so by
    /// <see cref="Seen"/>.</summary>
    public long Commits
    {
        get
        {
            lock (_gate) return _fresh;
        }
    }

    /// <summary>Nothing waited after so many commits.</summary>
    public void Seen(long commits)
    {
        lock (_gate) _seen = Math.Max(_seen, commits);
    }

    /// <summary>Waits for the commit of what is on its way now; false when nothing is.</summary>
    public async Task<bool> NextCommitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        Task committed;
        lock (_gate)
        {
            if (_underWay == 0) return false;
            committed = _committed.Task;
        }

        await Task.WhenAny(committed, Task.Delay(limit, time, cancellationToken));
        return true;
    }

    public Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
    {
        if (signals.Count == 0) return Task.FromResult<IReadOnlyList<bool>>([]);
        var part = new Part([.. signals.Select(signal => new ArrivedSignal(signal.Id, StoreJson.Write(signal), signal.ReceivedAt))]);
        ISignalSink? sink = null;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped is not null, this);

            // A sender alone is always let in: whatever a door accepts must fit.
            if (_waitingSignals > 0 && _waitingSignals + signals.Count > options.MaxWaitingSignals)
            {
                metrics.Refused(signals.Count);
                throw new IntakeFullException(_waitingSignals, options.MaxWaitingSignals);
            }

            _waiting.Enqueue(part);
            _waitingSignals += signals.Count;
            if (++_underWay >= options.BusyAt) (_lastBusy, _wasBusy) = (time.GetTimestamp(), true);
            if (_groups == 0 || (_groups < options.CommitsAtOnce && _waiting.Count >= WaitingForAnother))
            {
                _groups++;
                sink = _idle.TryPop(out var idle) ? idle : sinks();
            }
        }

        if (sink is not null) _ = CommitAllAsync(sink);
        return cancellationToken.CanBeCanceled ? part.Told.WaitAsync(cancellationToken) : part.Told;
    }

    /// <summary>Stores what waits, and takes nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_stopped is null)
            {
                _stopped = NewSignal();
                if (_groups == 0) _stopped.SetResult();
            }
        }

        // Every commit has its time limit, and so has this.
        await _stopped.Task;
        while (_idle.TryPop(out var sink)) await sink.DisposeAsync();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task CommitAllAsync(ISignalSink sink)
    {
        // The group is nobody's own: its statement is no part of one sender's trace.
        Activity.Current = null;
        while (Gather(sink) is { Count: > 0 } parts)
        {
            var began = time.GetTimestamp();
            await CommitAsync(sink, parts);
            metrics.Committed(
                parts.Count,
                parts.Sum(part => part.IsNew?.Length ?? 0),
                parts.Sum(part => part.IsNew is null ? part.Signals.Length : 0),
                time.GetElapsedTime(began));
            TaskCompletionSource committed;
            lock (_gate)
            {
                _underWay -= parts.Count;
                if (parts.Exists(part => part.IsNew?.Contains(true) == true)) _fresh++;
                committed = _committed;
                _committed = NewSignal();
            }

            committed.SetResult();
            foreach (var part in parts) part.Tell();
        }
    }

    // What waits, up to the limit. Without any, the sink is idle: whoever comes next goes on with it.
    private List<Part> Gather(ISignalSink sink)
    {
        var parts = new List<Part>();
        var count = 0;
        lock (_gate)
        {
            while (_waiting.TryPeek(out var next) && (count == 0 || count + next.Signals.Length <= options.MaxSignalsPerCommit))
            {
                parts.Add(_waiting.Dequeue());
                count += next.Signals.Length;
            }

            _waitingSignals -= count;
            if (count == 0)
            {
                _idle.Push(sink);
                if (--_groups == 0) _stopped?.TrySetResult();
            }
        }

        return parts;
    }

    private async Task CommitAsync(ISignalSink sink, List<Part> parts)
    {
        try
        {
            await StoreAsync(sink, parts);
        }
        catch (Exception failed) when (parts.Count > 1 && !Postgres.PostgresErrors.IsTransient(failed))
        {
            Log.OneByOne(logger, failed, parts.Count);
            foreach (var part in parts) await CommitAsync(sink, [part]);
        }
        catch (Exception failed)
        {
            foreach (var part in parts) part.Failure = failed;
        }
    }

    private async Task StoreAsync(ISignalSink sink, List<Part> parts)
    {
        var distinct = new Dictionary<string, ArrivedSignal>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            foreach (var signal in part.Signals) distinct.TryAdd(signal.Id, signal);
        }

        var group = distinct.Values.ToArray();
        Array.Sort(group, static (a, b) => string.CompareOrdinal(a.Id, b.Id));
        using var limit = new CancellationTokenSource(options.CommitTimeout, time);
        var fresh = await StoreAsync(sink, group, limit.Token);

        // Of copies that came together the first one is new.
        var told = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            part.IsNew = [.. part.Signals.Select(signal => fresh.Contains(signal.Id) && told.Add(signal.Id))];
        }
    }

    private async Task<IReadOnlySet<string>> StoreAsync(ISignalSink sink, ArrivedSignal[] group, CancellationToken limit)
    {
        try
        {
            return await sink.StoreAsync(group, limit);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"The store did not commit within {options.CommitTimeout} (Heal:Intake:CommitTimeout).", late);
        }
    }

    private sealed class Part(ArrivedSignal[] signals)
    {
        private readonly TaskCompletionSource<IReadOnlyList<bool>> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ArrivedSignal[] Signals { get; } = signals;

        public bool[]? IsNew { get; set; }

        public Exception? Failure { get; set; }

        public Task<IReadOnlyList<bool>> Told => _told.Task;

        public void Tell()
        {
            if (IsNew is { } isNew) _told.TrySetResult(isNew);
            else _told.TrySetException(Failure ?? new InvalidOperationException("The group ended without a result."));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A commit of {Count} posts failed for a reason of its content; each is tried alone")]
        public static partial void OneByOne(ILogger logger, Exception exception, int count);
    }
}
