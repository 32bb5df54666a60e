using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>
/// The first SIGTERM or Ctrl-C begins the graceful stop. Whoever sends a second one does not want to wait: the process ends at once, with
/// 128 + the signal's number. What ran is run again elsewhere when its lease ends.
/// </summary>
internal sealed partial class SecondSignal(IHostLifetime lifetime, ILogger<SecondSignal> logger) : IHostedService, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Where something else decides about the life of the process, signals are none of our business.
        if (lifetime is ConsoleLifetime)
        {
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Signalled(15)));
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Signalled(2)));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(static r => r.Dispose());

    private void Signalled(int number)
    {
        if (Interlocked.Increment(ref _signals) == 2)
        {
            Log.EndsNow(logger);
            Environment.Exit(128 + number);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(83, LogLevel.Warning, "Told to stop a second time: the process ends now, and what ran here is not waited for")]
        public static partial void EndsNow(ILogger logger);
    }
}
