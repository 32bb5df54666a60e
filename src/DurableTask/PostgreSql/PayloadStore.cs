using DurableTask.Core.Payloads;
using Heal.Postgres;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Large payloads, in a table of their own. Those that nothing refers to any more are removed in the background, by default every minute:
/// a bounded number is looked at each time, going round.
/// </summary>
internal sealed partial class PayloadStore(HubDatabase database, TimeProvider timeProvider, ILogger logger)
{
    private string _looked = "";

    public async Task PutAsync(IReadOnlyCollection<StoredPayload> payloads, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            HubDatabase.Sql["put_payloads"],
            payloads.Select(payload => payload.Id).ToArray(),
            payloads.Select(payload => payload.InstanceId).ToArray(),
            payloads.Select(payload => payload.Data).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyDictionary<string, byte[]>> GetAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var found = await database.QueryAsync(
            "get_payloads",
            [ids.ToArray()],
            row => KeyValuePair.Create(row.GetString(0), row.GetFieldValue<byte[]>(1)),
            cancellationToken);
        return new Dictionary<string, byte[]>(found, StringComparer.Ordinal);
    }

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

    /// <returns>How many payloads were removed.</returns>
    public async Task<int> RunOnceAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var (last, removed) = (await database.QueryAsync(
            "sweep_payloads",
            [_looked, database.Options.MaxPayloadsPerSweep, grace],
            row => (row.GetString(0), row.GetInt32(1)),
            cancellationToken))[0];
        _looked = last;
        return removed;
    }

    private async Task TryRunOnceAsync(CancellationToken stopping)
    {
        try
        {
            if (await RunOnceAsync(IPayloadStore.Grace, stopping) is > 0 and var removed)
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
        [LoggerMessage(1, LogLevel.Debug, "Removed {Count} large payloads of task hub '{Hub}' that nothing refers to any more")]
        public static partial void Swept(ILogger logger, int count, string hub);

        [LoggerMessage(
            2, LogLevel.Warning, "The large payloads of task hub '{Hub}' could not be swept, trying again later: {Reason}")]
        public static partial void Failed(ILogger logger, string hub, string reason);
    }
}
