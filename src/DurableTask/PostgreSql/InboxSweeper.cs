using Heal.Postgres;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Removes messages that nobody will consume: those written, without a lock, to an instance that ended or went on in another execution
/// at the same moment. By default every minute, at most 1,000. They do no harm but to lie at the front of the inbox. It also lets
/// what waits for a place under a concurrency limit be looked at again, in case nobody has that limit any more.
/// </summary>
internal sealed partial class InboxSweeper(HubDatabase database, TimeProvider timeProvider, ILogger logger)
{
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(database.Options.SweepInterval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await TryRunOnceAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The hub is being disposed.
        }
    }

    /// <returns>How many messages were removed.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var waiting in new[] { "return_waiting_activities", "return_waiting_instances" })
        {
            await using var unseat = database.DataSource.CreateCommand(HubDatabase.Sql[waiting], database.Options.MaxMessagesPerSweep);
            await unseat.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = database.DataSource.CreateCommand(HubDatabase.Sql["sweep_inbox"], database.Options.MaxMessagesPerSweep);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task TryRunOnceAsync(CancellationToken stopping)
    {
        try
        {
            var removed = await RunOnceAsync(stopping);
            if (removed > 0)
            {
                Log.Swept(logger, removed, database.Channel);
            }
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            Log.Failed(logger, database.Channel, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Removed {Count} messages from task hub '{Hub}' that nobody would have consumed")]
        public static partial void Swept(ILogger logger, int count, string hub);

        [LoggerMessage(2, LogLevel.Warning, "The inbox of task hub '{Hub}' could not be swept, trying again later: {Reason}")]
        public static partial void Failed(ILogger logger, string hub, string reason);
    }
}
