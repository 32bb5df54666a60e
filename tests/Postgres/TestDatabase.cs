using Npgsql;

namespace Heal.Postgres.Tests;

/// <summary>
/// A database of its own on the server that HEAL_TEST_POSTGRES names; dropped with everybody in it at the end.
/// Other test projects include this file by link.
/// </summary>
public class TestDatabase : IAsyncLifetime
{
    private const string Variable = "HEAL_TEST_POSTGRES";
    private readonly string _name = "heal_test_" + Guid.NewGuid().ToString("N");

    /// <summary>Connection string of the server's own database, for what must survive this one.</summary>
    public static string ServerConnectionString { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException(
                $"These tests need PostgreSQL, but the environment variable {Variable} is not set. "
                + "Run ./test.sh, or start the services with eng/services.sh up and set the variable that it prints.");

    public string Name => _name;

    public string ConnectionString => new NpgsqlConnectionStringBuilder(ServerConnectionString) { Database = _name }.ConnectionString;

    public Task InitializeAsync() => ExecuteOnServerAsync($"CREATE DATABASE {_name}");

    public virtual Task DisposeAsync() => ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");

    /// <summary>Cuts every connection to this database, as a crash or a failover would.</summary>
    public Task TerminateConnectionsAsync() =>
        ExecuteOnServerAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name}'");

    private static async Task ExecuteOnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ServerConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
