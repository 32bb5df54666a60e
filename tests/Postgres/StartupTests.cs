using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Heal.Postgres.Tests;

public sealed class StartupTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task A_server_that_answers_is_ready()
    {
        await using var source = PostgresDataSource.Create(database.ConnectionString, "s", "tests");
        await PostgresStartup.WaitUntilReadyAsync(source, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task Nobody_at_the_port_names_host_port_and_database_but_not_the_password()
    {
        await using var source = PostgresDataSource.Create("Host=127.0.0.1;Port=1;Database=heal;Username=u;Password=hunter2", "s", "tests");
        var error = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresStartup.WaitUntilReadyAsync(source, TimeProvider.System, NullLogger.Instance, TimeSpan.FromMilliseconds(150)));
        Assert.Contains("127.0.0.1:1, database 'heal', user 'u' did not answer", error.Message);
        Assert.DoesNotContain("hunter2", error.ToString());
    }

    [Fact]
    public async Task A_server_that_is_silent_is_waited_for_no_longer_than_said_whatever_the_connection_string_allows()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        int port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var source = PostgresDataSource.Create($"Host=127.0.0.1;Port={port};Username=u;Timeout=0", "s", "tests");
        var error = await Assert.ThrowsAsync<PostgresUnavailableException>(() => PostgresStartup
            .WaitUntilReadyAsync(source, TimeProvider.System, NullLogger.Instance, TimeSpan.Zero)
            .WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("did not answer", error.Message);
        Assert.True(PostgresErrors.IsTransient(error));
    }

    [Fact]
    public async Task A_missing_database_is_reported_at_once()
    {
        var server = new NpgsqlConnectionStringBuilder(TestDatabase.ServerConnectionString) { Database = "no_such_database" };
        var missing = server.ConnectionString;
        await using var source = PostgresDataSource.Create(missing, "s", "tests");
        var error = await Assert.ThrowsAsync<PostgresUnavailableException>(
            () => PostgresStartup.WaitUntilReadyAsync(source, TimeProvider.System, NullLogger.Instance, TimeSpan.FromHours(1)));
        Assert.Contains("database 'no_such_database'", error.Message);
        Assert.Contains("Create the database", error.Message);
    }

    [Fact]
    public async Task A_cut_connection_is_transient_and_a_syntax_error_is_not()
    {
        await using var source = PostgresDataSource.Create(database.ConnectionString, "s", "tests");
        await using var connection = await source.OpenConnectionAsync();
        await database.TerminateConnectionsAsync();
        await using var command = connection.CreateCommand("SELECT 1");
        Assert.True(PostgresErrors.IsTransient(await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync())));

        await using var broken = source.CreateCommand("SELEKT 1");
        Assert.False(PostgresErrors.IsTransient(await Assert.ThrowsAnyAsync<NpgsqlException>(() => broken.ExecuteScalarAsync())));
    }

    [Theory]
    [InlineData("Host=x", 20, 100)]
    [InlineData("Host=x;Maximum Pool Size=7;Max Auto Prepare=3", 7, 3)]
    [InlineData("Host=x;MaxPoolSize=7;MaxAutoPrepare=3", 7, 3)]
    [InlineData("Host=x;Minimum Pool Size=30", 30, 100)]
    public async Task What_a_connection_string_says_counts_and_our_defaults_fill_in_the_rest(string text, int pool, int prepared)
    {
        await using var source = PostgresDataSource.Create(text, "s", "tests");
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Assert.Equal((pool, prepared), (settings.MaxPoolSize, settings.MaxAutoPrepare));
    }

    [Fact]
    public void A_bad_connection_string_says_what_is_expected()
    {
        var error = Assert.Throws<ArgumentException>(() => PostgresDataSource.Create("Hostt=x", "s", "tests"));
        Assert.Contains("Expected for example 'Host=localhost", error.Message);
    }
}
