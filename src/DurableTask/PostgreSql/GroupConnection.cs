using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// The connection that groups are stored on, one after the other. Its statements are planned once, because the planner would plan them anew
/// for each group (it expects fewer rows of an array that it can see), which takes longer than to store one. A plan that was made while the
/// tables were empty may be a bad one later: when a group takes long, the next one is planned anew.
/// </summary>
internal sealed class GroupConnection(HubDatabase database, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>A group that takes longer, from the first word to the last, may have a bad plan.</summary>
    private static readonly TimeSpan SlowGroup = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan PlansLastAtLeast = TimeSpan.FromSeconds(1);

    private NpgsqlConnection? _connection;
    private long _planned;
    private bool _isSlow;

    /// <summary>The connection, opened if need be.</summary>
    public async ValueTask<NpgsqlConnection> OpenAsync()
    {
        if (_connection is null)
        {
            var connection = await database.SessionSource.OpenConnectionAsync();
            try
            {
                await PrepareAsync(connection, "SET plan_cache_mode = force_generic_plan");
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            _connection = connection;
        }
        else if (_isSlow && timeProvider.GetElapsedTime(_planned) > PlansLastAtLeast)
        {
            await PrepareAsync(_connection, "DISCARD PLANS");
        }

        return _connection;
    }

    /// <summary>A group was stored that began then.</summary>
    public void Stored(long began) => _isSlow |= timeProvider.GetElapsedTime(began) > SlowGroup;

    /// <summary>Gives the connection up; the next group opens another.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private async Task PrepareAsync(NpgsqlConnection connection, string statement)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
        _planned = timeProvider.GetTimestamp();
        _isSlow = false;
    }
}
