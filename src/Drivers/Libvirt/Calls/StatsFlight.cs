namespace Heal.Drivers.Libvirt.Calls;

/// <summary>
/// One statistics call at a time for a host: whoever asks meanwhile gets the same answer. A call that hangs past its deadline (a guest
/// whose emulator is frozen) keeps its thread; the next one then asks libvirt to skip what is busy, so that one frozen guest does not hide
/// all others. At most <see cref="MaxHung"/> hang at once.
/// </summary>
internal sealed class StatsFlight<T>(string host)
{
    /// <summary>The first that hangs holds its guest's lock, and those after it skip that guest; a second may meet a second one.</summary>
    public const int MaxHung = 2;

    private readonly Lock _gate = new();
    private Task<T>? _current;
    private int _inLibvirt;

    /// <param name="start">Starts the call; whether to skip what is busy; the returned action marks the body's run.</param>
    public Task<T> JoinAsync(Func<bool, Func<IDisposable>, Task<T>> start, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_current is not { IsCompleted: false })
            {
                if (_inLibvirt >= MaxHung)
                    throw new LibvirtUnreachableException(
                        host, $"statistics were not asked for: {_inLibvirt} calls for them still hang (a guest whose emulator is frozen?)");
                _current = start(_inLibvirt > 0, Begin);
            }

            return _current.WaitAsync(cancellationToken);
        }
    }

    private Running Begin()
    {
        lock (_gate)
            _inLibvirt++;
        return new Running(this);
    }

    private sealed class Running(StatsFlight<T> owner) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate)
                owner._inLibvirt--;
        }
    }
}
