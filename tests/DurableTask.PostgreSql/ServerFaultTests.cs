using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.DurableTask.PostgreSql.Tests.Workers;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>
/// Faults of the database server while a worker works: each time, nothing that was acknowledged is lost, and the same processes go on when
/// the fault is over.
/// </summary>
public sealed class ServerFaultTests : ServerTestBase
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restart_or_crash_of_the_server_workers_and_clients_go_on_and_nothing_acknowledged_is_lost(bool isCrash)
    {
        await StartServerAsync();
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 20);
        await (isCrash ? Server.CrashAsync() : Server.StopAsync());
        await Assert.ThrowsAsync<TaskHubUnavailableException>(() => Hub.ScheduleAsync(steps: 1));
        await worker.ReleaseAsync();
        await worker.UntilSaidAsync("the next attempt is in", Deadline);

        await Server.StartAgainAsync();
        await AssertDoneAsync(ids);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task A_process_that_may_start_without_its_server_has_a_hub_as_soon_as_the_server_is_there()
    {
        await StartServerAsync();
        await Server.StopAsync();
        Hub = Use(await HubClient.StartAsync(Server.ConnectionString, Schema, static options => options.RequiredAtStart = false));
        var early = await Assert.ThrowsAsync<TaskHubUnavailableException>(() => Hub.ScheduleAsync(steps: 1));
        Assert.Contains("cannot be used yet", early.Message);

        await Server.StartAgainAsync();
        await StartWorkerAsync();
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task After_a_failover_to_a_replica_workers_and_clients_find_the_new_primary_and_nothing_acknowledged_is_lost()
    {
        await StartServerAsync();
        PostgresServer replica = Use(await PostgresServer.CopyAsync(Server, isStandby: true));
        await replica.StartAgainAsync();
        await Server.ConfigureAsync("synchronous_standby_names", "*");
        string both = $"Host=127.0.0.1:{Server.Port},127.0.0.1:{replica.Port};Username=postgres;Database={PostgresServer.Database};"
            + "Target Session Attributes=Primary;Maximum Pool Size=10;Timeout=5";
        await StartHubAsync(both);
        WorkerProcess worker = await StartWorkerAsync(holds: true, both);
        string[] ids = await HoldAsync(worker, 20);

        await Server.CrashAsync();
        await replica.PromoteAsync();
        // The new primary has no replica that it could wait for.
        await replica.ConfigureAsync("synchronous_standby_names", "");
        await worker.ReleaseAsync();
        await AssertDoneAsync(ids);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task Without_a_free_connection_the_error_says_so_and_work_goes_on_when_there_is_one_again()
    {
        await StartServerAsync();
        await Server.ExecuteAsync("CREATE ROLE app LOGIN; GRANT CREATE ON DATABASE postgres TO app");
        string app = Server.ConnectionStringFor("app");
        await StartHubAsync(app);
        WorkerProcess worker = await StartWorkerAsync(holds: true, app);
        string[] ids = await HoldAsync(worker, 3);

        await using (NpgsqlDataSource greedy = NpgsqlDataSource.Create($"{app};Application Name=greedy;Maximum Pool Size=100"))
        {
            List<NpgsqlConnection> taken = await TakeAllConnectionsAsync(greedy);
            await worker.ReleaseAsync();
            PostgresUnavailableException refused = await UntilRefusedAsync(app, greedy, taken);
            Assert.Contains("53300", refused.Message);
            Assert.Contains("max_connections", refused.Message);
            await worker.UntilSaidAsync("53300", Deadline);
            foreach (NpgsqlConnection connection in taken)
            {
                await connection.DisposeAsync();
            }
        }

        await AssertDoneAsync(ids);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task When_the_disk_is_full_starts_are_refused_with_that_reason_and_what_was_acknowledged_goes_on_when_there_is_room_again()
    {
        await StartServerAsync(megabytes: 160, "max_wal_size=32MB", "min_wal_size=32MB");
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        List<string> ids = [.. await HoldAsync(worker, 3)];

        await Server.FillDiskAsync();
        var full = Assert.IsType<PostgresException>((await UntilRefusedAsync(ids)).InnerException);
        Assert.Equal(PostgresErrorCodes.DiskFull, full.SqlState);
        Assert.Contains("No space left on device", full.MessageText, StringComparison.Ordinal);
        await worker.ReleaseAsync();

        // What it runs has to meet the full disk as well.
        await worker.UntilSaidAsync("No space left", Deadline);
        await Server.FreeDiskAsync();
        await AssertDoneAsync([.. ids]);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    /// <summary>The server gives up, so no client can be told why; its log does, and nothing is lost.</summary>
    [Fact]
    public async Task When_there_is_no_room_for_the_log_the_server_ends_and_what_was_acknowledged_goes_on_when_there_is_room_again()
    {
        await StartServerAsync(megabytes: 160, "max_wal_size=32MB", "min_wal_size=32MB");
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 3);

        await Server.FillDiskAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            while (true)
            {
                Deadline.ThrowIfCancellationRequested();
                await Server.ExecuteAsync("SELECT txid_current(); SELECT pg_switch_wal()");
            }
        });
        Assert.Contains("PANIC", Server.Log, StringComparison.Ordinal);
        Assert.Contains("No space left on device", Server.Log, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TaskHubUnavailableException>(() => Hub.ScheduleAsync(steps: 1));
        await worker.ReleaseAsync();
        await worker.UntilSaidAsync("the next attempt is in", Deadline);

        await Server.FreeDiskAsync();
        await AssertDoneAsync(ids);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task While_the_database_is_read_only_starts_are_refused_with_that_reason_and_work_goes_on_afterwards()
    {
        await StartServerAsync();
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 3);
        await Server.ExecuteAsync("ALTER DATABASE postgres SET default_transaction_read_only = on");
        await Server.EndSessionsAsync();

        var refused = await Assert.ThrowsAsync<TaskHubUnavailableException>(
            () => RetryUnlessReadOnlyAsync(() => Hub.ScheduleAsync(steps: 1)));
        Assert.Contains("read-only transaction", refused.Message);
        await worker.ReleaseAsync();
        await worker.UntilSaidAsync("read-only transaction", Deadline);

        await Server.ExecuteAsync("BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT");
        await Server.EndSessionsAsync();
        await AssertDoneAsync(ids);
        await AssertDoneAsync(await RetryAsync(() => ScheduleAsync(3)));
    }

    [Fact]
    public async Task A_statement_timeout_fails_what_waits_too_long_and_is_made_good_when_the_wait_is_over()
    {
        await StartServerAsync();
        await Server.ExecuteAsync("ALTER DATABASE postgres SET statement_timeout = '300ms'");
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 2);
        await using (NpgsqlConnection blocker = await Hub.Source.OpenConnectionAsync(Deadline))
        {
            await using NpgsqlTransaction transaction = await blocker.BeginTransactionAsync(Deadline);
            await using NpgsqlCommand hold = blocker.CreateCommand("SELECT 1 FROM instances WHERE instance_id = $1 FOR UPDATE", ids[0]);
            await hold.ExecuteScalarAsync(Deadline);
            await worker.ReleaseAsync();
            await worker.UntilSaidAsync("statement timeout", Deadline);
            await AssertDoneAsync(ids[1]);
        }

        await AssertDoneAsync(ids);
    }

    /// <summary>Starts orchestrations with much to store until one is refused.</summary>
    private async Task<TaskHubUnavailableException> UntilRefusedAsync(List<string> ids)
    {
        while (true)
        {
            try
            {
                ids.Add(await Hub.Client.ScheduleNewOrchestrationInstanceAsync(
                    Steps.Orchestrator, 5, new StartOrchestrationOptions { Tags = Incompressible(100_000) }, Deadline));
            }
            catch (TaskHubUnavailableException refused)
            {
                return refused;
            }
        }
    }

    /// <summary>Takes connections, those of the hub too, until the server has none left.</summary>
    // A session of the worker that was on its way in when the others were taken can end afterwards and leave its place free for a moment.
    private async Task<PostgresUnavailableException> UntilRefusedAsync(string app, NpgsqlDataSource greedy, List<NpgsqlConnection> taken)
    {
        while (true)
        {
            Exception? outcome = await Record.ExceptionAsync(async () =>
            {
                await using HubClient started = await HubClient.StartAsync(
                    app, Schema, options => options.StartupTimeout = TimeSpan.FromMilliseconds(500));
            });
            if (outcome is not null)
            {
                return Assert.IsType<PostgresUnavailableException>(outcome);
            }

            Deadline.ThrowIfCancellationRequested();
            taken.AddRange(await TakeAllConnectionsAsync(greedy));
        }
    }

    private async Task<List<NpgsqlConnection>> TakeAllConnectionsAsync(NpgsqlDataSource greedy)
    {
        var taken = new List<NpgsqlConnection>();
        await using NpgsqlConnection administrator = new(Server.ConnectionString);
        await administrator.OpenAsync(Deadline);
        while (true)
        {
            try
            {
                taken.Add(await greedy.OpenConnectionAsync(Deadline));
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                await using NpgsqlCommand end = administrator.CreateCommand(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'app' AND application_name <> 'greedy'");
                if (await end.ExecuteScalarAsync(Deadline) is null)
                {
                    return taken;
                }
            }
        }
    }

    private static Dictionary<string, string> Incompressible(int length)
    {
        byte[] bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return new Dictionary<string, string>(StringComparer.Ordinal) { ["ballast"] = Convert.ToBase64String(bytes) };
    }

    private async Task<string> RetryUnlessReadOnlyAsync(Func<Task<string>> action)
    {
        while (true)
        {
            try
            {
                return await action();
            }
            catch (TaskHubUnavailableException cut)
                when (cut.InnerException is not PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction })
            {
                Deadline.ThrowIfCancellationRequested();
            }
        }
    }
}
