using Npgsql;

namespace Heal.Shared.Tests;

/// <summary>
/// A database of its own for one app, on the server of HEAL_TEST_POSTGRES; dropped at the end, whoever is still connected.
/// </summary>
internal sealed class AppDatabase : IAsyncDisposable
{
    private readonly string _server;
    private readonly string _name = $"heal_test_{Guid.NewGuid():N}";

    private AppDatabase(string server)
    {
        _server = server;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = _name }.ConnectionString;
    }

    public string ConnectionString { get; }

    public static async Task<AppDatabase> CreateAsync()
    {
        var database = new AppDatabase(TestServices.Required(TestServices.Postgres));
        await ExecuteAsync(database._server, $"CREATE DATABASE {database._name}");
        return database;
    }

    /// <summary>The first column of the first row. Parameters are $1, $2 and so on.</summary>
    public async Task<T> QueryAsync<T>(string sql, params object[] parameters)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(ConnectionString);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        foreach (object parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync(_server, $"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");

    private static async Task ExecuteAsync(string connection, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
