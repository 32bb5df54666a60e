namespace Heal.Drivers.Libvirt.Events;

/// <summary>The events that one consumer has not taken yet. When it is too far behind, all are dropped for one Connected: it has to look
/// again anyway.</summary>
internal sealed class EventQueue(int limit, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Queue<HostEvent> _events = new();
    private TaskCompletionSource _added = NewSignal();
    private bool _isEnded;
    private bool _wasConnected;

    /// <summary>False when the consumer was too far behind.</summary>
    public bool Add(HostEvent happened)
    {
        var kept = true;
        TaskCompletionSource signal;
        lock (_gate)
        {
            if (happened is ConnectedEvent connected)
            {
                // events of before the first connection are nobody's loss
                happened = connected with { Missed = _wasConnected };
                _wasConnected = true;
            }

            if (_events.Count >= limit)
            {
                kept = false;
                _events.Clear();
                _events.Enqueue(new ConnectedEvent(time.GetUtcNow(), Missed: true));
                if (happened is DisconnectedEvent)
                    _events.Enqueue(happened);
            }
            else
            {
                _events.Enqueue(happened);
            }

            signal = _added;
        }

        signal.TrySetResult();
        return kept;
    }

    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _added.TrySetResult();
        }
    }

    /// <summary>Null when the host was closed.</summary>
    public async ValueTask<HostEvent?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task added;
            lock (_gate)
            {
                if (_events.TryDequeue(out var next))
                    return next;
                if (_isEnded)
                    return null;
                if (_added.Task.IsCompleted)
                    _added = NewSignal();
                added = _added.Task;
            }

            await added.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
