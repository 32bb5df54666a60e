using Heal.Postgres;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.FunctionsWorker.Tests.Store;

public sealed class PostgreSqlHostStoreTests : HostStoreTests
{
    private const string Schema = "shop_host";

    private readonly List<PostgreSqlHostStore> _stores = [];
    private AppDatabase _database = null!;

    [Fact]
    public async Task The_migrations_lead_back_to_nothing_and_forth_again()
    {
        await using NpgsqlDataSource source = PostgresDataSource.Create(_database.ConnectionString, Schema, "test");
        var migrator = new Migrator(source, Schema, Migration.FromResources<PostgreSqlHostStore>());
        await migrator.MigrateToAsync(0);
        Assert.Equal(1L, await _database.QueryAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = $1", Schema));
        await migrator.MigrateAsync();
        Assert.Equal(4L, await _database.QueryAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = $1", Schema));
    }

    [Fact]
    public async Task Of_keys_that_an_earlier_version_told_apart_by_letters_none_but_the_new_value_opens_after_a_change()
    {
        IHostStore store = await OpenAsync();
        await store.SetKeyAsync(StoredKey.Of(new(KeyKind.Host, "", "partner"), "first-value-of-the-key"), default);
        await _database.QueryAsync<long>(
            "WITH double AS (INSERT INTO shop_host.keys (kind, function, name, salt, hash) "
            + "SELECT kind, function, 'PARTNER', salt, hash FROM shop_host.keys RETURNING 1) SELECT count(*) FROM double");
        Assert.Equal(2, (await store.ReadKeysAsync(default)).Count);
        Assert.False(await store.SetKeyAsync(StoredKey.Of(new(KeyKind.Host, "", "Partner"), "second-value-of-the-key"), default));
        Assert.True(Assert.Single(await store.ReadKeysAsync(default)).Matches("second-value-of-the-key"));
    }

    [Fact]
    public async Task Traces_are_found_by_message_keep_their_first_word_and_go_by_age_the_oldest_first()
    {
        var store = (ITraceStore)await OpenAsync();
        await store.AddTracesAsync([new("a", "00-a", null), new("b", "00-b", "vendor=1"), new("c", "00-c", null)], default);
        await store.AddTracesAsync([new("b", "00-other", null)], default);
        Assert.Equal(
            [new("a", "00-a", null), new("b", "00-b", "vendor=1")],
            (await store.FindTracesAsync(["b", "a", "nobody"], default)).OrderBy(static t => t.MessageId, StringComparer.Ordinal));

        await AgeAsync("a", TimeSpan.FromHours(3));
        await AgeAsync("b", TimeSpan.FromHours(2));
        Assert.Equal(0, await store.PurgeTracesAsync(TimeSpan.FromHours(4), maxCount: 10, default));
        Assert.Equal(1, await store.PurgeTracesAsync(TimeSpan.FromHours(1), maxCount: 1, default));
        Assert.Equal(["b", "c"], (await store.FindTracesAsync(["a", "b", "c"], default)).Select(static t => t.MessageId).Order());
        Assert.Equal(1, await store.PurgeTracesAsync(TimeSpan.FromHours(1), maxCount: 10, default));
        Assert.Equal(["c"], (await store.FindTracesAsync(["a", "b", "c"], default)).Select(static t => t.MessageId));
    }

    [Fact]
    public async Task A_key_of_a_kind_that_only_a_newer_version_knows_opens_nothing_and_hides_no_other()
    {
        IHostStore store = await OpenAsync();
        await store.SetKeyAsync(StoredKey.Of(new(KeyKind.Host, "", "partner"), "first-value-of-the-key"), default);
        await store.SetKeyAsync(StoredKey.Of(new(KeyKind.Host, "", "newer"), "value-of-the-newer-key"), default);
        await using (NpgsqlDataSource source = PostgresDataSource.Create(_database.ConnectionString, Schema, "test"))
        {
            await using NpgsqlCommand change = source.CreateCommand(
                "ALTER TABLE keys DROP CONSTRAINT kind_is_known; UPDATE keys SET kind = 'Extension' WHERE name = 'newer'");
            await change.ExecuteNonQueryAsync();
        }

        Assert.Equal("partner", Assert.Single(await store.ReadKeysAsync(default)).Id.Name);
    }

    [Theory]
    [InlineData("Shop", "shop_host")]
    [InlineData("a2345678901234567890123456789012345678901234", "a234567890123456789012345678901234_")]
    public void The_schema_is_named_after_the_hub_and_always_short_enough(string hub, string expected)
    {
        string schema = HostStores.SchemaOf(hub);
        Assert.StartsWith(expected, schema, StringComparison.Ordinal);
        Assert.EndsWith("_host", schema, StringComparison.Ordinal);
        Assert.True(SchemaName.IsValid(schema));
    }

    private Task<long> AgeAsync(string message, TimeSpan by) => _database.QueryAsync<long>(
        "WITH aged AS (UPDATE shop_host.message_traces SET sent_at = sent_at - $1 WHERE message_id = $2 RETURNING 1) "
        + "SELECT count(*) FROM aged", by, message);

    public override async Task DisposeAsync()
    {
        foreach (PostgreSqlHostStore store in _stores)
        {
            await store.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    private protected override async Task PrepareAsync() => _database = await AppDatabase.CreateAsync();

    private protected override async Task<IHostStore> OpenAsync()
    {
        var store = new PostgreSqlHostStore(_database.ConnectionString, Schema, TimeProvider.System, NullLoggerFactory.Instance);
        _stores.Add(store);
        await store.InitializeAsync(default);
        return store;
    }

    // The server's clock cannot be moved; what it is compared to can.
    private protected override async Task PassAsync(TimeSpan time) => await _database.QueryAsync<long>(
        "WITH moved AS (UPDATE shop_host.timers SET leased_until = leased_until - $1 RETURNING 1) SELECT count(*) FROM moved", time);

    private protected override Task<string> DumpKeysAsync() =>
        _database.QueryAsync<string>("SELECT string_agg(k::text || encode(k.hash, 'escape'), '') FROM shop_host.keys k");
}
