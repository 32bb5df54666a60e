using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>The table of the ends of effects.</summary>
internal sealed class ExpiryStore(NpgsqlDataSource dataSource) : IExpiries
{
    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public Task RegisterAsync(ExpiryRequest expiry, DateTimeOffset now, CancellationToken cancellationToken) => ExecuteAsync(
        "expiry_register", [expiry.Key, StoreJson.Write(expiry), expiry.At.ToUniversalTime(), now.ToUniversalTime()], cancellationToken);

    public async Task<IReadOnlyList<UnendedExpiry>> PageAsync(string afterKey, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["expiries_not_ended"], afterKey, limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var expiries = new List<UnendedExpiry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (request, fault) = StoreJson.TryRead<ExpiryRequest>(reader.GetString(1));
            expiries.Add(new UnendedExpiry(
                reader.GetString(0), request, fault, reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt32(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return expiries;
    }

    public Task RestartedAsync(string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        ExecuteAsync("expiry_restarted", [key, now.ToUniversalTime()], cancellationToken);

    public Task EndedAsync(string key, string outcome, DateTimeOffset now, CancellationToken cancellationToken) =>
        ExecuteAsync("expiry_ended", [key, now.ToUniversalTime(), outcome], cancellationToken);

    private async Task ExecuteAsync(string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql[statement], arguments);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
