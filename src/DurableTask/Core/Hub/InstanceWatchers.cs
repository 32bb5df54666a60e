namespace DurableTask.Core.Hub;

/// <summary>
/// The watches of one hub object, by instance: for hubs to build <see cref="ITaskHub.WatchInstance"/> on. Thread-safe.
/// </summary>
/// <param name="timeProvider">The clock of <paramref name="safetyPoll"/>.</param>
/// <param name="safetyPoll">A wait ends after this time even when no change was seen; infinite for a hub that sees every change
/// itself.</param>
public sealed class InstanceWatchers(TimeProvider timeProvider, TimeSpan safetyPoll)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<InstanceWatch>> _watches = new(StringComparer.Ordinal);

    /// <summary>True when nobody watches anything.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _watches.Count == 0;
            }
        }
    }

    public IInstanceWatch Watch(string instanceId)
    {
        var watch = new InstanceWatch(this, instanceId);
        lock (_gate)
        {
            if (!_watches.TryGetValue(instanceId, out var list))
            {
                _watches.Add(instanceId, list = []);
            }

            list.Add(watch);
        }

        return watch;
    }

    /// <summary>Wakes the watches of an instance.</summary>
    public void Changed(string instanceId)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(instanceId, out var list))
            {
                list.ForEach(watch => watch.Signal.Set());
            }
        }
    }

    /// <summary>Wakes every watch: after a gap in which changes may have been missed.</summary>
    public void AllChanged()
    {
        lock (_gate)
        {
            foreach (var list in _watches.Values)
            {
                list.ForEach(watch => watch.Signal.Set());
            }
        }
    }

    private void Remove(InstanceWatch watch)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(watch.InstanceId, out var list) && list.Remove(watch) && list.Count == 0)
            {
                _watches.Remove(watch.InstanceId);
            }
        }
    }

    private sealed class InstanceWatch(InstanceWatchers owner, string instanceId) : IInstanceWatch
    {
        public string InstanceId => instanceId;

        public WorkSignal Signal { get; } = new();

        public Task WaitAsync(CancellationToken cancellationToken = default) =>
            Signal.WaitAsync(owner.SafetyPoll, owner.Time, cancellationToken);

        public void Dispose() => owner.Remove(this);
    }

    private TimeSpan SafetyPoll => safetyPoll;

    private TimeProvider Time => timeProvider;
}
