using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// Keeps the key ring as the store is: read before the first request, then every 2 s, so that a key that was changed or deleted on one
/// host works on no other for longer. While the store is away, the keys stay as they were last read; a host that has started without it
/// is not ready, and knows configured keys only, until it has read the others.
/// </summary>
internal sealed partial class KeyRefresher(
    KeyRing ring, KeyBootstrap bootstrap, IHostStore store, HostHealth health, TimeProvider time, ILogger<KeyRefresher> logger)
    : BackgroundService, IHostedLifecycleService
{
    /// <summary>The longest time for which a host knows keys as they were.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private const string Dependency = "keys";

    // One look at a time: an older one must not put back what a newer one has read.
    private readonly SemaphoreSlim _reading = new(1);
    private bool _isAway;
    private string? _notRead;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadFirstAsync(cancellationToken);
        }
        catch (Exception away) when (store.IsAway(away))
        {
            SayNotRead(away);
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Reads the keys now, after a change; when the store went away just then, a later look will.</summary>
    public async Task NoticeChangeAsync()
    {
        try
        {
            await RefreshAsync(CancellationToken.None);
        }
        catch (Exception exception)
        {
            Log.Away(logger, store.Place, exception.Message);
        }
    }

    public override void Dispose()
    {
        _reading.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await (ring.IsRead ? RefreshAsync(stoppingToken) : ReadFirstAsync(stoppingToken));
                _isAway = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (!ring.IsRead)
            {
                SayNotRead(exception);
            }
            catch (Exception exception)
            {
                if (!_isAway)
                {
                    _isAway = true;
                    Log.Away(logger, store.Place, exception.Message);
                }
            }
        }
    }

    private async Task ReadFirstAsync(CancellationToken cancellationToken)
    {
        await bootstrap.RunAsync(cancellationToken);
        await RefreshAsync(cancellationToken);
        health.Report(Dependency, fault: null);
        if (_notRead is not null)
        {
            Log.Read(logger, store.Place);
        }
    }

    private void SayNotRead(Exception reason)
    {
        // The message may hold addresses and user names: /readyz is for anybody who asks, the log has the rest.
        health.Report(Dependency, reason.GetBaseException().GetType().Name);
        if (_notRead != reason.Message)
        {
            _notRead = reason.Message;
            Log.NotRead(logger, store.Place, reason.Message);
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            ring.Load(await store.ReadKeysAsync(cancellationToken));
        }
        finally
        {
            _reading.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(75, LogLevel.Warning, "Keys stay as they were last read while {Store} is away: {Reason}")]
        public static partial void Away(ILogger logger, string store, string reason);

        [LoggerMessage(77, LogLevel.Error,
            "The keys in {Store} could not be read yet: who brings one that is not configured is answered with 503. Tried again every 2 s. "
            + "{Reason}")]
        public static partial void NotRead(ILogger logger, string store, string reason);

        [LoggerMessage(78, LogLevel.Information, "The keys in {Store} are read")]
        public static partial void Read(ILogger logger, string store);
    }
}
