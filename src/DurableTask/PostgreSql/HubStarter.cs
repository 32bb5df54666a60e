using Heal.Postgres;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Makes the hub ready before any service starts that may use it. Where the host may start without PostgreSQL, it tries on beside the host,
/// every second, until it is ready.
/// </summary>
internal sealed partial class HubStarter(
    PostgreSqlTaskHub hub, PostgreSqlTaskHubOptions options, TimeProvider time, ILoggerFactory? loggers)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly QuietLogger _logger = new((ILogger?)loggers?.CreateLogger<PostgreSqlTaskHub>() ?? NullLogger.Instance);
    private readonly CancellationTokenSource _stopping = new();
    private Task _trying = Task.CompletedTask;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await hub.InitializeAsync(cancellationToken);
        }
        catch (Exception away) when (!options.RequiredAtStart && PostgresErrors.IsTransient(away))
        {
            Log.GoesOnWithout(_logger, options.Schema, away.Message);
            _trying = TryOnAsync(_stopping.Token);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _trying;
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // A host whose start failed later on disposes what it has not stopped.
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task TryOnAsync(CancellationToken stopping)
    {
        string? said = null;
        while (true)
        {
            await Task.Delay(RetryDelay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await hub.InitializeAsync(stopping);
                Log.Ready(_logger, options.Schema);
                return;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception refused) when (!PostgresErrors.IsTransient(refused))
            {
                // Another reason than the one that the start has logged, and none that passes by itself.
                if (said != refused.Message)
                {
                    said = refused.Message;
                    Log.Refused(_logger, options.Schema, said);
                }
            }
            catch (Exception)
            {
                // Away, as the start has said.
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 20, Level = LogLevel.Error,
            Message = "Task hub '{Schema}' cannot be used yet, and the host starts without it; it is tried again until it can. {Reason}")]
        public static partial void GoesOnWithout(ILogger logger, string schema, string reason);

        [LoggerMessage(EventId = 21, Level = LogLevel.Information, Message = "Task hub '{Schema}' is ready.")]
        public static partial void Ready(ILogger logger, string schema);

        [LoggerMessage(EventId = 22, Level = LogLevel.Error,
            Message = "Task hub '{Schema}' answers, but cannot be used; it is tried again until it can. {Reason}")]
        public static partial void Refused(ILogger logger, string schema, string reason);
    }
}
