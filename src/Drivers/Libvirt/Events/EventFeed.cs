using System.Runtime.CompilerServices;
using Heal.Drivers.Libvirt.Connections;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Libvirt.Events;

/// <summary>
/// The events of one host, for any number of consumers: one connection, opened by the first of them and kept open from then on, with
/// pauses that double between attempts.
/// </summary>
internal sealed partial class EventFeed(
    string host, Opener<EventSession> opener, ReconnectDelay delay, int backlog, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<EventQueue> _queues = [];
    private readonly CancellationTokenSource _stop = new();
    private Task? _loop;
    private bool _isConnected;
    private bool _isDisposed;

    /// <summary>How many consumers there are.</summary>
    public int Consumers
    {
        get
        {
            lock (_gate)
                return _queues.Count;
        }
    }

    public async IAsyncEnumerable<HostEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var queue = new EventQueue(backlog, time);
        Enter(queue);
        try
        {
            while (await queue.NextAsync(cancellationToken) is { } next)
                yield return next;
        }
        finally
        {
            lock (_gate)
                _queues.Remove(queue);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        await _stop.CancelAsync();
        if (_loop is not null)
            await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
            _queues.ForEach(queue => queue.End());
        _stop.Dispose();
    }

    private void Enter(EventQueue queue)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _queues.Add(queue);
            if (_isConnected)
                queue.Add(new ConnectedEvent(time.GetUtcNow(), Missed: false));
            _loop ??= Task.Run(() => FollowAsync(_stop.Token));
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        string? told = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            string reason;
            try
            {
                using var session = await opener.OpenAsync();
                // only a connection that stood for a while starts the pauses anew: one that breaks at once must not be opened in a spin
                var opened = time.GetTimestamp();
                Log.Following(logger, host);
                Connect(session);
                reason = await session.Closed.WaitAsync(cancellationToken);
                if (time.GetElapsedTime(opened) > StableAfter)
                    delay.Reset();
                told = null;
            }
            catch (LibvirtException failure)
            {
                reason = failure.Reason;
            }

            if (reason != told)
            {
                Log.NotFollowing(logger, host, reason);
                Publish(new DisconnectedEvent(time.GetUtcNow(), reason), isConnected: false);
                told = reason;
            }

            await Task.Delay(delay.Next(), time, cancellationToken);
        }
    }

    private static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(10);

    private void Connect(EventSession session)
    {
        Publish(new ConnectedEvent(time.GetUtcNow(), Missed: false), isConnected: true);
        session.Listen(
            happened => Publish(happened, isConnected: true),
            fault => Log.CallbackFailed(logger, host, fault));
    }

    private void Publish(HostEvent happened, bool isConnected)
    {
        lock (_gate)
        {
            _isConnected = isConnected;
            foreach (var queue in _queues)
            {
                if (!queue.Add(happened))
                    Log.ConsumerBehind(logger, host, backlog);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Following the events of libvirt host {Host}")]
        public static partial void Following(ILogger logger, string host);

        [LoggerMessage(2, LogLevel.Warning, "Not following the events of libvirt host {Host}: {Reason}")]
        public static partial void NotFollowing(ILogger logger, string host, string reason);

        [LoggerMessage(3, LogLevel.Warning,
            "A consumer of the events of libvirt host {Host} was {Backlog} events behind: they are dropped and it is told to look again")]
        public static partial void ConsumerBehind(ILogger logger, string host, int backlog);

        [LoggerMessage(4, LogLevel.Error, "An event of libvirt host {Host} could not be read")]
        public static partial void CallbackFailed(ILogger logger, string host, Exception reason);
    }
}
