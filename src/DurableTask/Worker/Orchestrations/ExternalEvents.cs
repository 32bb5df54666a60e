namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// Matches arriving events with waiting code. Names are compared without case; events that nobody waits for are kept in the order
/// of arrival; of several waiters the newest is served first. A cancelled waiter takes no event.
/// </summary>
internal sealed class ExternalEvents
{
    private readonly Dictionary<string, Queue<string?>> _buffered = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<Waiter>> _waiting = new(StringComparer.OrdinalIgnoreCase);

    public bool HasWaiters => _waiting.Values.Any(list => list.Exists(waiter => !waiter.IsDone));

    /// <summary>What was never waited for, name by name in the order of arrival: continue-as-new takes it along.</summary>
    public IEnumerable<(string Name, string? Payload)> Unprocessed =>
        _buffered.SelectMany(entry => entry.Value.Select(payload => (entry.Key, payload)));

    public void Raise(string name, string? payload)
    {
        if (_waiting.TryGetValue(name, out List<Waiter>? waiters))
        {
            while (waiters.Count > 0)
            {
                Waiter newest = waiters[^1];
                waiters.RemoveAt(waiters.Count - 1);
                if (newest.TryServe(payload))
                {
                    return;
                }
            }
        }

        Keep(name, payload);
    }

    /// <summary>Keeps an event although somebody may wait for it: the code that waited has ended.</summary>
    public void Keep(string name, string? payload)
    {
        if (!_buffered.TryGetValue(name, out Queue<string?>? queue))
        {
            _buffered.Add(name, queue = new Queue<string?>());
        }

        queue.Enqueue(payload);
    }

    /// <summary>Drops what is kept.</summary>
    public void Clear() => _buffered.Clear();

    /// <summary>Takes the oldest kept event of this name, or waits for the next.</summary>
    /// <exception cref="ArgumentException">Other code waits for the same name with another type.</exception>
    public Task<T> Wait<T>(string name, Func<string?, T> deserialize, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        if (_buffered.TryGetValue(name, out Queue<string?>? queue) && queue.TryDequeue(out string? payload))
        {
            return Task.FromResult(deserialize(payload));
        }

        if (!_waiting.TryGetValue(name, out List<Waiter>? waiters))
        {
            _waiting.Add(name, waiters = []);
        }

        if (waiters.Find(waiter => !waiter.IsDone) is { } other && other.PayloadType != typeof(T))
        {
            throw new ArgumentException(
                $"External event '{name}' is awaited with type '{typeof(T).FullName}' while other code awaits it with type "
                + $"'{other.PayloadType.FullName}'. All concurrent waits for one event name must use the same type.",
                nameof(name));
        }

        var waiter = new Waiter<T>(deserialize);
        waiters.Add(waiter);
        waiter.CancelWith(cancellationToken);
        return waiter.Task;
    }

    private abstract class Waiter
    {
        public abstract Type PayloadType { get; }
        public abstract bool IsDone { get; }
        public abstract bool TryServe(string? payload);
    }

    private sealed class Waiter<T>(Func<string?, T> deserialize) : Waiter
    {
        private readonly TaskCompletionSource<T> _source = new();
        private CancellationTokenRegistration _registration;

        public Task<T> Task => _source.Task;
        public override Type PayloadType => typeof(T);
        public override bool IsDone => _source.Task.IsCompleted;

        public void CancelWith(CancellationToken cancellationToken) =>
            _registration = cancellationToken.Register(() => _source.TrySetCanceled(cancellationToken));

        public override bool TryServe(string? payload)
        {
            if (IsDone)
            {
                return false;
            }

            _registration.Dispose();
            try
            {
                return _source.TrySetResult(deserialize(payload));
            }
            catch (Exception unreadable)
            {
                // The payload is consumed: the code that waits has to decide what an unreadable event means.
                return _source.TrySetException(unreadable);
            }
        }
    }
}
