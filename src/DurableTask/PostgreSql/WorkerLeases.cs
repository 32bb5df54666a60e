using System.Collections.Concurrent;
using Heal.Postgres;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// How long this process's workers are good for without a further word: the lease of everything that lives in their memory, one row per
/// worker instead of one per activity. Written when a third of the time has passed.
/// </summary>
internal sealed class WorkerLeases(HubDatabase database, string self, TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<string, (long At, TimeSpan Lease)> _extended = new(StringComparer.Ordinal);

    /// <summary>Extends the lease if it is time.</summary>
    public ValueTask EnsureAsync(string workerId, TimeSpan lease, CancellationToken cancellationToken) =>
        _extended.TryGetValue(workerId, out var last) && last.Lease == lease && timeProvider.GetElapsedTime(last.At) < lease / 3
            ? ValueTask.CompletedTask
            : new ValueTask(ExtendAsync(workerId, lease, cancellationToken));

    /// <summary>Extends the lease.</summary>
    public async Task ExtendAsync(string workerId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var now = timeProvider.GetTimestamp();
        await using var command = database.DataSource.CreateCommand(HubDatabase.Sql["extend_worker"], workerId, self, lease);
        await command.ExecuteNonQueryAsync(cancellationToken);
        _extended[workerId] = (now, lease);
    }
}
