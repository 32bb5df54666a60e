using System.Collections.Concurrent;
using Heal.Drivers.Libvirt.Connections;
using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Opens connections to the test driver as told: at once, never, or with an error. What it opened can be cut.</summary>
internal sealed class FaultyOpening : IDisposable
{
    private readonly ManualResetEventSlim _thaw = new();
    private readonly ConcurrentQueue<LibvirtLink> _links = new();
    private volatile string? _fault;
    private volatile bool _isFrozen;
    private int _attempts;

    public int Attempts => Volatile.Read(ref _attempts);

    public IReadOnlyCollection<LibvirtLink> Links => _links;

    public LibvirtLink Open()
    {
        Interlocked.Increment(ref _attempts);
        if (_isFrozen)
            _thaw.Wait();
        if (_fault is { } words)
            throw new NativeFault(ErrorCode.SystemError, 7, words);
        var link = Some.Link();
        _links.Enqueue(link);
        return link;
    }

    public void Freeze() => _isFrozen = true;

    public void Thaw()
    {
        _isFrozen = false;
        _thaw.Set();
    }

    public void FailWith(string? words) => _fault = words;

    /// <summary>All connections that stand are lost.</summary>
    public void Cut()
    {
        while (_links.TryDequeue(out var link))
            link.Dispose();
    }

    public void Dispose()
    {
        Thaw();
        Cut();
    }
}
