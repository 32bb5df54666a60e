using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Hears what the hub's other processes store: one connection that listens, for as long as the hub lives. When it is lost, it is opened
/// again with growing delays, and everybody is woken once, because news may have been missed. Without it, waits still end by the safety
/// poll.
/// </summary>
internal sealed partial class HubListener(
    HubDatabase database, HubSignals signals, string self, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>A dead peer that never closed the connection is found out after this time.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(15);

    public async Task RunAsync(CancellationToken stopping)
    {
        var delay = database.Options.ListenRetryDelay;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(() => delay = database.Options.ListenRetryDelay, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.Lost(logger, database.Channel, delay, exception.Message);
            }

            await Task.Delay(delay, timeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < MaxRetryDelay ? delay * 2 : MaxRetryDelay;
        }
    }

    private async Task ListenAsync(Action listening, CancellationToken stopping)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(stopping);
        connection.Notification += (_, notification) =>
        {
            if (HubNews.Parse(notification.Payload, self) is { } news)
            {
                signals.Publish(news);
            }
        };

        // The channel is the schema, whose name was validated: it needs no quoting, and LISTEN takes no parameter.
        await using (var listen = new NpgsqlCommand($"LISTEN {database.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(stopping);
        }

        Log.Listening(logger, database.Channel);
        listening();
        signals.PublishEverything();
        while (true)
        {
            if (!await connection.WaitAsync(ProbeInterval, stopping))
            {
                await using var probe = new NpgsqlCommand(HubDatabase.Sql["probe"], connection);
                await probe.ExecuteNonQueryAsync(stopping);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Listening for news of task hub '{Hub}'")]
        public static partial void Listening(ILogger logger, string hub);

        [LoggerMessage(
            2, LogLevel.Warning, "The connection that listens for news of task hub '{Hub}' was lost, trying again in {Delay}: {Reason}")]
        public static partial void Lost(ILogger logger, string hub, TimeSpan delay, string reason);
    }
}
