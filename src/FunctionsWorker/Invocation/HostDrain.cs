using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Graceful stop. When the host stops, listeners take nothing new, and invocations that run may finish within
/// <see cref="HostSettings.DrainTimeout"/>; then their token is cancelled.
/// </summary>
internal sealed partial class HostDrain : IDisposable
{
    private readonly CancellationTokenSource _mustEnd = new();
    private readonly TimeProvider _time;
    private readonly HostSettings _settings;
    private readonly ILogger<HostDrain> _logger;
    private int _running;

    public HostDrain(IHostApplicationLifetime lifetime, HostSettings settings, TimeProvider time, ILogger<HostDrain> logger)
    {
        _settings = settings;
        _time = time;
        _logger = logger;
        lifetime.ApplicationStopping.Register(() => _ = LimitAsync());
    }

    public CancellationToken InvocationsMustEnd => _mustEnd.Token;

    public IDisposable Enter()
    {
        Interlocked.Increment(ref _running);
        return new Invocation(this);
    }

    public void Dispose() => _mustEnd.Dispose();

    private async Task LimitAsync()
    {
        if (Volatile.Read(ref _running) is > 0 and int running)
        {
            Log.Draining(_logger, running, _settings.DrainTimeout);
        }

        await Task.Delay(_settings.DrainTimeout, _time, CancellationToken.None);
        try
        {
            await _mustEnd.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The host ended before the limit: nothing is left to cancel.
        }
    }

    private sealed class Invocation(HostDrain drain) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref drain._running);
    }

    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "Stopping: {Count} invocations may finish within {Limit}")]
        public static partial void Draining(ILogger logger, int count, TimeSpan limit);
    }
}
