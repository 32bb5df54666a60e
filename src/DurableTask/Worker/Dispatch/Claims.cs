using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// The calls under way by which this worker gets locks. When one fails, the hub may have given it some all the same: its answer was lost,
/// or what it reads after the locks could not be read. Then the worker is in doubt for a whole lease, because the server may still be at
/// the statement; <see cref="UnheardLocks"/> finds out.
/// </summary>
internal sealed class Claims(TimeProvider time, TimeSpan lease)
{
    private readonly Lock _gate = new();
    private readonly HashSet<long> _underWay = [];
    private readonly List<(long Last, TaskCompletionSource Ended)> _waits = [];
    private readonly KindOfWork[] _kinds = [.. Enum.GetValues<WorkKind>().Select(_ => new KindOfWork())];
    private long _last;

    /// <summary>A call begins.</summary>
    /// <returns>What to end it with, when its locks are among the held ones.</returns>
    public long Begin()
    {
        lock (_gate)
        {
            _underWay.Add(++_last);
            return _last;
        }
    }

    public void End(long claim)
    {
        TaskCompletionSource[] ended = [];
        lock (_gate)
        {
            _underWay.Remove(claim);
            if (_waits.Count > 0)
            {
                ended = [.. _waits.Where(wait => HaveEnded(wait.Last)).Select(wait => wait.Ended)];
                _waits.RemoveAll(wait => ended.Contains(wait.Ended));
            }
        }

        foreach (TaskCompletionSource wait in ended)
        {
            wait.TrySetResult();
        }
    }

    /// <summary>Waits for the end of all calls that are under way now.</summary>
    public async Task WaitForTheseAsync(CancellationToken cancellationToken)
    {
        // Without Task.WaitAsync, which would go on in the thread pool, past the scheduler that the worker was given.
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (HaveEnded(_last))
            {
                return;
            }

            _waits.Add((_last, ended));
        }

        using CancellationTokenRegistration registration = cancellationToken.Register(() => ended.TrySetCanceled(cancellationToken));
        await ended.Task;
    }

    /// <summary>Asks the hub for work.</summary>
    /// <param name="most">How much at most. After a failure it is one, because the next look may fail of the same piece of work, which must
    /// not take others with it for ever.</param>
    /// <param name="hold">Adds a lock to the held ones.</param>
    public async Task<IReadOnlyList<T>> LookAsync<T>(
        WorkKind kind, int most, Func<int, Task<IReadOnlyList<T>>> look, Action<T> hold)
    {
        long claim = Begin();
        try
        {
            IReadOnlyList<T> items = await look(FailuresOf(kind) == 0 ? most : 1);
            foreach (T item in items)
            {
                hold(item);
            }

            Count(kind, failures: 0);
            return items;
        }
        catch
        {
            Count(kind, failures: FailuresOf(kind) + 1);
            Doubt(kind);
            throw;
        }
        finally
        {
            End(claim);
        }
    }

    /// <summary>A call failed that may have got locks of this kind.</summary>
    public void Doubt(WorkKind kind)
    {
        lock (_gate)
        {
            _kinds[(int)kind].DoubtedAt = time.GetTimestamp();
        }

        _kinds[(int)kind].Doubted.Set();
    }

    /// <summary>True until a lease has passed since the last doubt.</summary>
    public bool IsInDoubt(WorkKind kind)
    {
        lock (_gate)
        {
            return _kinds[(int)kind].DoubtedAt is { } doubted && time.GetElapsedTime(doubted) <= lease;
        }
    }

    /// <summary>How many looks in a row have failed until now.</summary>
    public int FailuresOf(WorkKind kind)
    {
        lock (_gate)
        {
            return _kinds[(int)kind].Failures;
        }
    }

    /// <summary>Completes at the next doubt, or when the time is over.</summary>
    public Task WaitForDoubtAsync(WorkKind kind, TimeSpan timeout, CancellationToken cancellationToken) =>
        _kinds[(int)kind].Doubted.WaitAsync(timeout, time, cancellationToken);

    private void Count(WorkKind kind, int failures)
    {
        lock (_gate)
        {
            _kinds[(int)kind].Failures = failures;
        }
    }

    private bool HaveEnded(long last) => !_underWay.Any(claim => claim <= last);

    /// <summary>What is known of the calls for one kind of work.</summary>
    private sealed class KindOfWork
    {
        public WorkSignal Doubted { get; } = new();

        /// <summary>A timestamp of the time provider; null before the first doubt.</summary>
        public long? DoubtedAt { get; set; }

        public int Failures { get; set; }
    }
}
