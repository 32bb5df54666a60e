using Npgsql;

namespace Heal.Postgres.Tests;

public sealed class MigratorTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private static readonly IReadOnlyList<Migration> Known = Migration.FromResources<MigratorTests>();
    private readonly string _schema = "m_" + Guid.NewGuid().ToString("N")[..12];
    private NpgsqlDataSource _source = null!;

    public Task InitializeAsync()
    {
        _source = PostgresDataSource.Create(database.ConnectionString, _schema, "tests");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _source.DisposeAsync();

    [Fact]
    public async Task An_empty_database_gets_every_migration_once()
    {
        Assert.Equal(2, await Migrator(Known).MigrateAsync());
        Assert.Equal(0, await Migrator(Known).MigrateAsync());
        Assert.Equal("none", await ScalarAsync("SELECT name FROM things"));
    }

    [Fact]
    public async Task Going_down_and_up_again_leads_to_the_same_schema()
    {
        await Migrator(Known).MigrateAsync();
        var before = await ColumnsAsync();

        Assert.Equal(2, await Migrator(Known).MigrateToAsync(0));
        Assert.Equal(["schema_migrations"], (await ColumnsAsync()).Select(column => column.Split('.')[0]).Distinct());
        Assert.Equal(2, await Migrator(Known).MigrateAsync());
        Assert.Equal(before, await ColumnsAsync());
    }

    [Fact]
    public async Task Going_down_one_version_keeps_the_rest()
    {
        await Migrator(Known).MigrateAsync();
        await Migrator(Known).MigrateToAsync(1);
        Assert.Equal(1, await ScalarAsync("SELECT id FROM things"));
        await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync("SELECT name FROM things"));
    }

    [Fact]
    public async Task Many_processes_at_once_apply_each_migration_once()
    {
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Migrator(Known).MigrateAsync()));
        Assert.Equal(2, applied.Sum());
    }

    [Fact]
    public async Task A_database_newer_than_the_code_is_refused()
    {
        await Migrator(Known).MigrateAsync();
        var error = await Assert.ThrowsAsync<MigrationException>(() => Migrator([Known[0]]).MigrateAsync());
        Assert.Contains("is at version 2 ('name_things'), but this program knows versions up to 1 only", error.Message);
        Assert.Contains("002_name_things asks for a program that knows 2", error.Message);
        Assert.IsType<MigrationException>(await Record.ExceptionAsync(() => Migrator([Known[0]]).VerifyAsync()));
    }

    [Fact]
    public async Task A_database_newer_than_the_code_is_used_when_its_new_steps_say_that_older_programs_can_go_on()
    {
        await Migrator([.. Known, Step(3, from: 2), Step(4, from: 1)]).MigrateAsync();
        Assert.Equal(0, await Migrator(Known).MigrateAsync());
        await Migrator(Known).VerifyAsync();
        var error = await Assert.ThrowsAsync<MigrationException>(() => Migrator([Known[0]]).MigrateAsync());
        Assert.Contains("002_name_things asks for a program that knows 2", error.Message);
        await Assert.ThrowsAsync<MigrationException>(() => Migrator(Known).MigrateToAsync(0));
    }

    [Fact]
    public async Task A_record_of_before_programs_had_a_window_counts_as_one_without_it()
    {
        await Migrator(Known).MigrateAsync();
        await ScalarAsync("ALTER TABLE schema_migrations DROP COLUMN oldest_program");
        await Migrator(Known).VerifyAsync();
        Assert.Equal(1, await Migrator([.. Known, Step(3, from: 2)]).MigrateAsync());
        Assert.Equal("1 2 2", await ScalarAsync("SELECT string_agg(oldest_program::text, ' ' ORDER BY version) FROM schema_migrations"));
    }

    [Fact]
    public async Task A_check_without_migrations_names_what_is_missing_and_changes_nothing()
    {
        var missing = await Assert.ThrowsAsync<MigrationException>(() => Migrator(Known).VerifyAsync());
        Assert.Contains("is not set up, and this program is not to migrate", missing.Message);
        Assert.Equal(DBNull.Value, await ScalarAsync($"SELECT to_regnamespace('{_schema}')::text"));

        await Migrator(Known).MigrateToAsync(1);
        var old = await Assert.ThrowsAsync<MigrationException>(() => Migrator(Known).VerifyAsync());
        Assert.Contains("is at version 1, but this program needs 2 ('name_things')", old.Message);
    }

    [Fact]
    public async Task A_schema_that_holds_somebody_else_s_tables_is_refused_and_left_alone()
    {
        await ScalarAsync($"CREATE SCHEMA {_schema} CREATE TABLE invoices (id integer)");
        var error = await Assert.ThrowsAsync<MigrationException>(() => Migrator(Known).MigrateAsync());
        Assert.Contains($"Schema '{_schema}' belongs to something else: it holds 'invoices'", error.Message);
        Assert.Equal(DBNull.Value, await ScalarAsync("SELECT to_regclass('schema_migrations')::text"));
    }

    [Fact]
    public async Task A_schema_that_another_part_of_the_program_migrates_is_refused()
    {
        await Migrator([Known[0] with { Name = "create_other_things" }]).MigrateAsync();
        var error = await Assert.ThrowsAsync<MigrationException>(() => Migrator(Known).MigrateAsync());
        Assert.Contains("its first migration is 'create_other_things', ours is 'create_things'. Choose another schema", error.Message);
    }

    [Fact]
    public async Task An_applied_migration_whose_text_changed_is_refused()
    {
        await Migrator(Known).MigrateAsync();
        var error = await Assert.ThrowsAsync<MigrationException>(
            () => Migrator([Known[0], Known[1] with { Name = "other", Up = "SELECT 1" }]).MigrateAsync());
        Assert.Contains("002_name_things was applied to schema", error.Message);
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_the_version_before_it()
    {
        var broken = new Migration(2, "broken", "CREATE TABLE half (id integer); SELECT no_such_function();", "SELECT 1");
        var error = await Assert.ThrowsAsync<MigrationException>(() => Migrator([Known[0], broken]).MigrateAsync());
        Assert.Contains("002_broken (up) failed", error.Message);
        Assert.Equal(1, await ScalarAsync("SELECT max(version) FROM schema_migrations"));
        Assert.Equal(DBNull.Value, await ScalarAsync("SELECT to_regclass('half')::text"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("Heal")]
    [InlineData("heal;drop")]
    [InlineData("pg_heal")]
    public void A_schema_name_that_would_need_quoting_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new Migrator(_source, name, Known));

    private static Migration Step(int version, int from) => new(
        version,
        "add_more",
        $"-- Programs from version {from} on can go on.\nCREATE TABLE more_{version} (id integer)",
        $"DROP TABLE more_{version}");

    private Migrator Migrator(IReadOnlyList<Migration> migrations) => new(_source, _schema, migrations);

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private async Task<List<string>> ColumnsAsync()
    {
        await using var command = _source.CreateCommand(
            "SELECT table_name || '.' || column_name || ' ' || data_type "
            + "FROM information_schema.columns WHERE table_schema = $1 ORDER BY 1",
            _schema);
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<string>();
        while (await reader.ReadAsync())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }
}
