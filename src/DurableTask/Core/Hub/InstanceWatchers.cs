namespace DurableTask.Core.Hub;

/// <summary>
/// The watches of one hub object, by instance: for hubs to build <see cref="ITaskHub.WatchInstance"/> on. Thread-safe.
/// </summary>
/// <param name="timeProvider">The clock of <paramref name="safetyPoll"/>.</param>
/// <param name="safetyPoll">A wait ends after this time even when no change was seen; infinite for a hub that sees every change
/// itself.</param>
/// <param name="mayRunWatchers">True for a hub that asks for <see cref="ChangedAndRun"/>.</param>
public sealed class InstanceWatchers(TimeProvider timeProvider, TimeSpan safetyPoll, bool mayRunWatchers = false)
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

    /// <param name="known">What this process last stored of the instance, if nobody else stores anything of it. Asked when the watch has
    /// begun, so that a change is either in the answer or seen by the watch.</param>
    public IInstanceWatch Watch(string instanceId, Func<string, InstanceState?>? known = null)
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

        if (known?.Invoke(instanceId) is { } state)
        {
            lock (_gate)
            {
                watch.Begin(state);
            }
        }

        return watch;
    }

    /// <summary>Wakes the watches of an instance.</summary>
    /// <param name="known">What it has become, when the caller knows.</param>
    public void Changed(string instanceId, InstanceState? known = null)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(instanceId, out var list))
            {
                foreach (var watch in list)
                {
                    watch.Changed(known);
                }
            }
        }
    }

    /// <summary>The same, but what a lone watcher does next runs right here, before this returns (see
    /// <see cref="WorkSignal.SetAndRun"/>).</summary>
    public void ChangedAndRun(string instanceId, InstanceState? known)
    {
        InstanceWatch watch;
        lock (_gate)
        {
            if (!_watches.TryGetValue(instanceId, out var list))
            {
                return;
            }

            // Of several, none should wait for what another one does.
            if (list.Count > 1)
            {
                list.ForEach(each => each.Changed(known));
                return;
            }

            watch = list[0];
            watch.Learn(known);
        }

        watch.Run();
    }

    /// <summary>Wakes every watch: after a gap in which changes may have been missed.</summary>
    public void AllChanged()
    {
        lock (_gate)
        {
            foreach (var list in _watches.Values)
            {
                list.ForEach(watch => watch.Changed(null));
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

        private readonly WorkSignal _signal = new(owner.MayRunWatchers);

        private bool _isChanged;

        public InstanceState? Known { get; private set; }

        public void Begin(InstanceState known)
        {
            if (!_isChanged)
            {
                Known = known;
            }
        }

        public void Changed(InstanceState? known)
        {
            Learn(known);
            _signal.Set();
        }

        public void Learn(InstanceState? known)
        {
            _isChanged = true;
            Known = known;
        }

        public void Run() => _signal.SetAndRun();

        public async Task WaitAsync(CancellationToken cancellationToken = default)
        {
            if (!await _signal.WaitAsync(owner.SafetyPoll, owner.Time, cancellationToken))
            {
                Known = null; // Somebody else may have changed it without a word.
            }
        }

        public void Dispose() => owner.Remove(this);
    }

    private TimeSpan SafetyPoll => safetyPoll;

    private TimeProvider Time => timeProvider;

    private bool MayRunWatchers => mayRunWatchers;
}
