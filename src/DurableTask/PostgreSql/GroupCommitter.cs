using System.Diagnostics;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Group commit: whoever comes while nobody commits stores its own part at once; what arrives meanwhile shares the next transaction. There
/// is no artificial delay: a lone part is committed at once, on its caller's thread, and under load the groups grow by themselves. When
/// many wait, a second group may be written while the first one waits for the disk.
/// </summary>
/// <typeparam name="TStore">What stores one group after the other; as many as there are groups at a time.</typeparam>
/// <param name="maxGroups">How many groups are under way at most.</param>
internal abstract class GroupCommitter<TStore>(PostgreSqlTaskHubOptions options, int maxGroups) : IAsyncDisposable
    where TStore : class, IAsyncDisposable
{
    /// <summary>How many have to wait before another group begins beside the one that is under way.</summary>
    private const int MinWaitingForAnother = 16;

    private readonly Lock _gate = new();
    private readonly Queue<GroupOperation> _waiting = new();

    /// <summary>The instances whose part is being stored, in whichever group: the next part depends on its outcome.</summary>
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(options.MaxQueuedTurns);
    private readonly Stack<TStore> _idle = new(maxGroups);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _groups;
    private bool _isStopping;

    /// <summary>Stores what waits, and takes nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopping = true;
            if (_groups == 0)
            {
                _stopped.TrySetResult();
            }
        }

        await _stopped.Task;
        foreach (var store in _idle)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Makes another store: it is used by one group at a time, and disposed in the end.</summary>
    protected abstract TStore CreateStore();

    /// <summary>Stores a group and answers each of its parts. Throws nothing.</summary>
    protected abstract Task CommitGroupAsync(TStore store, List<GroupOperation> group);

    protected Task<T> EnqueueAsync<T>(GroupOperation<T> operation, CancellationToken cancellationToken)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            return EnqueueSlowlyAsync(operation, cancellationToken);
        }

        Enqueue(operation);
        return cancellationToken.CanBeCanceled ? operation.Told.WaitAsync(cancellationToken) : operation.Told;
    }

    private async Task<T> EnqueueSlowlyAsync<T>(GroupOperation<T> operation, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            operation.Tell();
            return await operation.Told;
        }

        Enqueue(operation);
        return await operation.Told.WaitAsync(cancellationToken);
    }

    private void Enqueue(GroupOperation operation)
    {
        TStore? store = null;
        bool isRefused;
        lock (_gate)
        {
            isRefused = _isStopping;
            if (!isRefused)
            {
                // From here on it belongs to whoever commits it, which may be another thread, and may be over at once.
                _waiting.Enqueue(operation);
                if (_groups == 0 || (_groups < maxGroups && _waiting.Count >= MinWaitingForAnother))
                {
                    _groups++;
                    store = _idle.TryPop(out var idle) ? idle : CreateStore();
                }
            }
        }

        if (isRefused)
        {
            _places.Release();
            operation.Fail(new ObjectDisposedException(nameof(PostgreSqlTaskHub), "The task hub has been stopped."));
            operation.Tell();
        }

        if (store is not null)
        {
            _ = CommitAllAsync(store);
        }
    }

    /// <summary>Commits groups until nobody waits.</summary>
    private async Task CommitAllAsync(TStore store)
    {
        // The group is nobody's own: its statements are no part of the caller's trace.
        Activity.Current = null;
        while (true)
        {
            var group = Gather(store);
            if (group.Count == 0)
            {
                return;
            }

            await CommitGroupAsync(store, group);
            Leave(group);
            if (group.Count == 1 && Ends(store))
            {
                // Nobody waits, so the caller may go on right here, which spares a change of threads.
                group[0].Tell();
                return;
            }

            foreach (var operation in group)
            {
                ThreadPool.UnsafeQueueUserWorkItem(operation, preferLocal: false);
            }
        }
    }

    /// <summary>Takes what waits, up to the limit. An instance's second turn waits for the end of the first one, and all that came later
    /// with it. Without any, the store is idle: whoever stores the first one goes on.</summary>
    private List<GroupOperation> Gather(TStore store)
    {
        var group = new List<GroupOperation>();
        lock (_gate)
        {
            while (group.Count < options.MaxTurnsPerCommit
                && _waiting.TryPeek(out var next)
                && (!next.IsAloneOfItsInstance || _underWay.Add(next.InstanceId)))
            {
                group.Add(_waiting.Dequeue());
            }

            if (group.Count == 0)
            {
                Rest(store);
            }
        }

        if (group.Count > 0)
        {
            _places.Release(group.Count);
        }

        return group;
    }

    private void Leave(List<GroupOperation> group)
    {
        lock (_gate)
        {
            foreach (var operation in group.Where(operation => operation.IsAloneOfItsInstance))
            {
                _underWay.Remove(operation.InstanceId);
            }
        }
    }

    /// <summary>True when nobody waits: the store is idle then.</summary>
    private bool Ends(TStore store)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                return false;
            }

            Rest(store);
            return true;
        }
    }

    private void Rest(TStore store)
    {
        _idle.Push(store);
        _groups--;
        if (_isStopping && _groups == 0)
        {
            _stopped.TrySetResult();
        }
    }
}
