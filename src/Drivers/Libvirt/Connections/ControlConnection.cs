using Heal.Drivers.Libvirt.Calls;

namespace Heal.Drivers.Libvirt.Connections;

/// <summary>
/// The connection for calls: opened by the first call that needs it, and again after it was lost. Between attempts that fail there is a
/// pause that doubles; calls that come meanwhile are told why at once.
/// </summary>
/// <param name="tried">Told after an attempt: null, or why it failed.</param>
internal sealed class ControlConnection(
    string host, Opener<LibvirtLink> opener, ReconnectDelay delay, Breaker breaker, TimeProvider time,
    Action<LibvirtException?> tried) : IDisposable
{
    private readonly Lock _gate = new();
    private LibvirtLink? _link;
    private Task<LibvirtLink>? _opening;
    private LibvirtException? _lastFailure;
    private DateTimeOffset _nextTry = DateTimeOffset.MinValue;
    private bool _isDisposed;

    public bool IsUp
    {
        get
        {
            lock (_gate)
                return _link is { IsAlive: true };
        }
    }

    /// <exception cref="LibvirtException">There is none; the breaker knows already.</exception>
    public Task<LibvirtLink> GetAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_link is { IsAlive: true })
                return Task.FromResult(_link);
            _link?.Dispose();
            _link = null;
            if (_opening is not null)
                return _opening;
            var wait = _nextTry - time.GetUtcNow();
            if (_lastFailure is not null && wait > TimeSpan.Zero)
                return Task.FromException<LibvirtLink>(
                    Still(_lastFailure, $"{_lastFailure.Reason} (next attempt in {wait.TotalSeconds:0.#} s)"));
            return _opening = Task.Run(OpenAsync);
        }
    }

    /// <summary>Gives up a connection that turned out to be broken.</summary>
    public void Drop(LibvirtLink link)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_link, link))
                _link = null;
        }

        link.Dispose();
    }

    public void Dispose()
    {
        LibvirtLink? link;
        lock (_gate)
        {
            _isDisposed = true;
            link = _link;
            _link = null;
        }

        link?.Dispose();
    }

    private LibvirtUnreachableException Still(LibvirtException failure, string words) => failure is LibvirtNotAdmittedException
        ? new LibvirtNotAdmittedException(host, words, failure.Code, failure.Domain)
        : new LibvirtUnreachableException(host, words, failure, failure.Code, failure.Domain);

    private async Task<LibvirtLink> OpenAsync()
    {
        try
        {
            var link = await opener.OpenAsync();
            lock (_gate)
            {
                _opening = null;
                _lastFailure = null;
                delay.Reset();
                if (!_isDisposed)
                    _link = link;
            }

            if (_isDisposed)
                link.Dispose();
            tried(null);
            return link;
        }
        catch (LibvirtException reason)
        {
            lock (_gate)
            {
                _opening = null;
                _lastFailure = reason;
                _nextTry = time.GetUtcNow() + delay.Next();
            }

            // That it does not let us in is an answer.
            if (reason is not LibvirtNotAdmittedException)
                breaker.Failed(reason.Reason);
            tried(reason);
            throw;
        }
    }
}

/// <summary>Pauses between attempts: from 500 ms, doubling to the limit.</summary>
internal sealed class ReconnectDelay(TimeSpan longest)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);

    private TimeSpan _next = First;

    public TimeSpan Next()
    {
        var now = _next < longest ? _next : longest;
        _next = now * 2;
        return now;
    }

    public void Reset() => _next = First;
}
