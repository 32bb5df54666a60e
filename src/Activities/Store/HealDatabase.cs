using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>The connection pool of the healer's schema, and the way to bring the schema up to date.</summary>
internal sealed class HealDatabase(NpgsqlDataSource dataSource, string schema) : IAsyncDisposable
{
    public NpgsqlDataSource DataSource { get; } = dataSource;

    /// <returns>How many migrations were applied.</returns>
    public Task<int> MigrateAsync(CancellationToken cancellationToken) => Migrator().MigrateAsync(cancellationToken);

    public Migrator Migrator() => new(DataSource, schema, Migration.FromResources<HealStore>());

    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
