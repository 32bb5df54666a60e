namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Follows a host's events and waits for those that a test expects.</summary>
internal sealed class HostWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<HostEvent> _seen = [];
    private readonly Task _loop;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HostWatch(ILibvirtHost host) => _loop = FollowAsync(host);

    public IReadOnlyList<HostEvent> Seen
    {
        get
        {
            lock (_gate)
                return [.. _seen];
        }
    }

    /// <summary>The first event of this kind that fits, also one that came before; fails after 20 s.</summary>
    public async Task<T> SeesAsync<T>(Func<T, bool>? fits = null, TimeSpan? within = null)
        where T : HostEvent
    {
        using var patience = new CancellationTokenSource(within ?? Some.Patience);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_seen.OfType<T>().FirstOrDefault(happened => fits?.Invoke(happened) != false) is { } found)
                    return found;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"expected {typeof(T).Name}, saw: {string.Join("; ", Seen)}");
            }
        }
    }

    public Task<LifecycleEvent> SeesAsync(Guid uuid, string kind, string? detail = null, TimeSpan? within = null) =>
        SeesAsync<LifecycleEvent>(e => e.Uuid == uuid && e.Kind == kind && (detail is null || e.Detail == detail), within);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync(ILibvirtHost host)
    {
        await foreach (var happened in host.WatchAsync(_stop.Token))
        {
            TaskCompletionSource changed;
            lock (_gate)
            {
                _seen.Add(happened);
                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
        }
    }
}
