using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Graceful stop. When the host stops, listeners take nothing new, waits for instances end, and invocations that run may finish within
/// <see cref="HostSettings.DrainTimeout"/>; then their token is cancelled, and 3 s later they are abandoned.
/// </summary>
internal sealed partial class HostDrain : IDisposable
{
    /// <summary>Time for a function to heed its cancelled token.</summary>
    private static readonly TimeSpan AbandonAfter = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _mustEnd = new();
    private readonly CancellationTokenSource _abandoned = new();
    private readonly CancellationToken _stopping;
    private readonly TimeProvider _time;
    private readonly HostSettings _settings;
    private readonly ILogger<HostDrain> _logger;
    private int _running;

    public HostDrain(IHostApplicationLifetime lifetime, HostSettings settings, TimeProvider time, ILogger<HostDrain> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        _stopping = lifetime.ApplicationStopping;
        lifetime.ApplicationStopping.Register(() => _ = LimitAsync());
    }

    public CancellationToken InvocationsMustEnd => _mustEnd.Token;

    /// <summary>Cancelled when invocations that still run are waited for no longer: they do not heed their token.</summary>
    public CancellationToken InvocationsAbandoned => _abandoned.Token;

    /// <summary>Whether an invocation that ended so has not failed, but was cut short by the stop of this host: it is to be run
    /// again. Its wait for an instance may have ended before its own token was cancelled.</summary>
    public bool HasCutShort(Exception? end) => _stopping.IsCancellationRequested && IsCancelled(end);

    /// <summary>Whether an invocation ended by being cancelled, whoever did it.</summary>
    public static bool IsCancelled(Exception? end) =>
        end is OperationCanceledException or RetriesInterruptedException { InnerException: OperationCanceledException };

    /// <summary>Counts an invocation that begins; <see cref="Leave"/> when it ends.</summary>
    public void Enter() => Interlocked.Increment(ref _running);

    public void Leave() => Interlocked.Decrement(ref _running);

    public void Dispose()
    {
        _mustEnd.Dispose();
        _abandoned.Dispose();
    }

    private async Task LimitAsync()
    {
        if (Volatile.Read(ref _running) is > 0 and int running)
        {
            Log.Draining(_logger, running, _settings.DrainTimeout);
        }

        await Task.Delay(_settings.DrainTimeout, _time, CancellationToken.None);
        try
        {
            await CancelAsync(_mustEnd);
            await Task.Delay(AbandonAfter, _time, CancellationToken.None);
            await CancelAsync(_abandoned);
        }
        catch (ObjectDisposedException)
        {
            // The host ended before the limit: nothing is left to cancel.
        }
    }

    private async Task CancelAsync(CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync();
        }
        catch (AggregateException thrown)
        {
            // What a function registered on its token must not keep the others from being ended.
            Log.CallbackFailed(_logger, thrown);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "Stopping: {Count} invocations may finish within {Limit}")]
        public static partial void Draining(ILogger logger, int count, TimeSpan limit);

        [LoggerMessage(11, LogLevel.Error, "Stopping: what a function registered on its cancellation token failed")]
        public static partial void CallbackFailed(ILogger logger, Exception exception);
    }
}
