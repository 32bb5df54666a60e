using Microsoft.Extensions.Logging;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Hears what the hub's other processes store: one connection that listens, for as long as the hub lives, and tells the others thereby
/// that it does (<see cref="WorkerSessions"/>). When it is lost, it is opened again, at first at once, then with growing delays, and
/// everybody is woken once, because news may have been missed. Without it, waits still end by the safety poll.
/// </summary>
internal sealed partial class HubListener(
    HubDatabase database,
    HubSignals signals,
    WorkerSessions sessions,
    HubPeers peers,
    HubNotifier notifier,
    ServerClock clock,
    string self,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>Shorter than the time that others wait for us, see <see cref="PostgreSqlTaskHubOptions.ReconnectGrace"/>.</summary>
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken stopping)
    {
        var delay = TimeSpan.Zero;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(() => delay = TimeSpan.Zero, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.Lost(logger, database.Channel, delay, exception.Message);
            }

            sessions.Leave();
            peers.Left();
            await Task.Delay(delay, timeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var next = delay == TimeSpan.Zero ? database.Options.ListenRetryDelay : delay * 2;
            delay = next < MaxRetryDelay ? next : MaxRetryDelay;
        }
    }

    private async Task ListenAsync(Action listening, CancellationToken stopping)
    {
        await using var connection = await database.SessionSource.OpenConnectionAsync(stopping);
        connection.Notification += (_, notification) =>
        {
            if (HubNews.Parse(notification.Payload, self) is { } news)
            {
                Hear(news);
            }
        };

        // The channel is the schema, whose name was validated: it needs no quoting, and LISTEN takes no parameter.
        await using (var listen = new NpgsqlCommand($"LISTEN {database.Channel}", connection))
        {
            await listen.ExecuteNonQueryAsync(stopping);
        }

        await clock.CheckAsync(connection, stopping);
        await sessions.EnterAsync(connection, stopping);
        Log.Listening(logger, database.Channel);
        listening();
        peers.Entered();
        notifier.Send(new HubNews { IsHello = true });
        signals.PublishEverything();
        while (true)
        {
            await HearAsync(connection, stopping);
            // First the clock: what is looked for by time must not seem to lie in the future.
            await clock.CheckAsync(connection, stopping);
            await sessions.CheckAsync(connection, stopping);
            await peers.CheckAsync(connection, stopping);
        }
    }

    private void Hear(HubNews news)
    {
        peers.Heard(news.Sender!);
        if (news.IsHello)
        {
            notifier.Send(new HubNews { IsWelcome = true });
        }

        if (news.IsWelcome)
        {
            // What the sender stored between our first look and this word, it may have told nobody.
            signals.PublishEverything();
        }

        signals.Publish(news);
    }

    private async Task HearAsync(NpgsqlConnection connection, CancellationToken stopping)
    {
        var start = timeProvider.GetTimestamp();
        // Asked for anew each time: whoever says hello is looked after from then on.
        while (sessions.CheckInterval(peers.MayExist) - timeProvider.GetElapsedTime(start) is { Ticks: > 0 } rest
            && await connection.WaitAsync(rest, stopping))
        {
            // Each notification was published by the connection's event.
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
