using System.Collections.Concurrent;
using Heal.Postgres;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// Whether other processes listen to this hub: when none does, nothing needs to be told, and a notification costs a transaction and wakes
/// this process itself. Who begins to listen says hello, who hears that says welcome, and both know each other from then on. Until the
/// answers had time to come, and whenever this process does not hear, others are assumed.
/// </summary>
internal sealed class HubPeers(TimeProvider timeProvider)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, byte> _known = new(StringComparer.Ordinal);
    private long _listeningSince;
    private volatile bool _isListening;

    /// <summary>False only when certainly nobody else listens.</summary>
    public bool MayExist => !_known.IsEmpty || !_isListening || timeProvider.GetElapsedTime(_listeningSince) < AnswerTime;

    public void Heard(string sender) => _known.TryAdd(sender, 0);

    public void Entered()
    {
        _listeningSince = timeProvider.GetTimestamp();
        _isListening = true;
    }

    public void Left()
    {
        _isListening = false;
        _known.Clear();
    }

    /// <summary>Forgets those whose session has ended.</summary>
    public async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_known.IsEmpty)
        {
            return;
        }

        await using var command = connection.CreateCommand(HubDatabase.Sql["find_ended_sessions"], [_known.Keys.ToArray()]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        foreach (var session in await HubDatabase.ReadAllAsync(reader, row => row.GetString(0), cancellationToken))
        {
            _known.TryRemove(session, out _);
        }
    }
}
