using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// Keeps the key ring as the store is: read before the first request, then every 2 s, so that a key that was changed or deleted on one
/// host works on no other for longer. While the store is away, the keys stay as they were last read.
/// </summary>
internal sealed partial class KeyRefresher(
    KeyRing ring, KeyBootstrap bootstrap, IHostStore store, TimeProvider time, ILogger<KeyRefresher> logger)
    : BackgroundService, IHostedLifecycleService
{
    /// <summary>The longest time for which a host knows keys as they were.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // One look at a time: an older one must not put back what a newer one has read.
    private readonly SemaphoreSlim _reading = new(1);
    private bool _isAway;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await bootstrap.RunAsync(cancellationToken);
        await RefreshAsync(cancellationToken);
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
                await RefreshAsync(stoppingToken);
                _isAway = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
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
    }
}
