using System.Globalization;
using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.DurableTask.PostgreSql.Tests.Workers;
using Microsoft.DurableTask;
using Npgsql;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>Clocks that are set forward or back by an hour while work is under way: the server's, and a worker's.</summary>
public sealed class ClockJumpTests : ServerTestBase
{
    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task When_the_server_s_clock_jumps_by_an_hour_what_waits_and_what_runs_goes_on_at_once(int seconds)
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true, lease: TimeSpan.FromMinutes(5));
        string[] running = await HoldAsync(worker, 3);
        await worker.KillAsync();
        string[] waiting = await ScheduleAsync(3);
        DateTime before = await Server.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        clock.Set(seconds);
        TimeSpan jump = await Server.ScalarAsync<DateTime>("SELECT clock_timestamp()") - before;
        Assert.InRange(jump.TotalSeconds, seconds - 5, seconds + 60);

        await StartWorkerAsync();
        await AssertDoneAsync([.. running, .. waiting]);
        await AssertDoneAsync(await ScheduleAsync(3));
    }

    [Fact]
    public async Task What_was_taken_from_a_dead_worker_before_the_server_s_clock_was_set_back_goes_on_at_once()
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true, lease: TimeSpan.FromMinutes(5));
        string[] running = await HoldAsync(worker, 3);
        await worker.KillAsync();
        // Its row goes at the second look, when all that it held has been given back.
        while (await Hub.QueryAsync<long>("SELECT count(*) FROM workers") > 0)
        {
            await Task.Delay(50, Deadline);
        }

        clock.Set(-3600);
        await StartWorkerAsync();
        await AssertDoneAsync(running);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task When_the_server_s_clock_jumps_under_a_living_worker_it_goes_on(int seconds)
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 3);
        clock.Set(seconds);
        string[] more = await ScheduleAsync(3);
        await worker.ReleaseAsync();
        await AssertDoneAsync([.. ids, .. more]);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task When_a_worker_s_clock_jumps_by_an_hour_it_loses_nothing_and_goes_on(int seconds)
    {
        using var clock = new FakeClock();
        await StartServerAsync();
        await StartHubAsync();
        WorkerProcess worker = await StartWorkerAsync(holds: true, environment: clock.Environment);
        string[] ids = await HoldAsync(worker, 3);
        clock.Set(seconds);
        string[] more = await ScheduleAsync(3);
        await worker.ReleaseAsync();
        await AssertDoneAsync([.. ids, .. more]);
    }

    [Fact]
    public async Task What_a_transaction_stores_that_began_before_the_server_s_clock_was_set_back_does_not_wait_for_the_old_time()
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        string[] ids = await ScheduleAsync(1);
        await using var connection = new NpgsqlConnection(Server.ConnectionString);
        await connection.OpenAsync(Deadline);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Deadline);
        await ExecuteAsync("SELECT now()");
        clock.Set(-3600);
        await UntilTheHubHasLookedAsync();

        // As new rows, which the statements that bring back what waits cannot see before the commit.
        await ExecuteAsync(
            $"WITH m AS (DELETE FROM {Schema}.inbox RETURNING *) INSERT INTO {Schema}.inbox (instance_id, execution_id, visible_at, event) "
            + "SELECT instance_id, execution_id, now(), event FROM m");
        await transaction.CommitAsync(Deadline);
        await StartWorkerAsync();
        await AssertDoneAsync(ids);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(Deadline);
        }
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Events_that_were_sent_before_and_after_the_server_s_clock_jumped_arrive_in_their_order(int seconds)
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        string id = await Hub.Client.ScheduleNewOrchestrationInstanceAsync(Steps.Listener, 2, Deadline);
        await Hub.Client.RaiseEventAsync(id, Steps.Note, "before", Deadline);
        clock.Set(seconds);
        await Hub.Client.RaiseEventAsync(id, Steps.Note, "after", Deadline);

        await StartWorkerAsync();
        Assert.Equal(["before", "after"], await Hub.WaitAsync(id, Deadline));
    }

    [Fact]
    public async Task Timers_and_scheduled_starts_keep_their_time_when_the_server_s_clock_is_set_back_and_are_due_when_it_is_set_forward()
    {
        using var clock = new FakeClock();
        await StartServerAsync(clock);
        await StartHubAsync();
        await StartWorkerAsync();
        DateTime inAnHour = await Server.ScalarAsync<DateTime>("SELECT now() + interval '1 hour'");
        string later = await Hub.Client.ScheduleNewOrchestrationInstanceAsync(
            Steps.Orchestrator, 5, new StartOrchestrationOptions { StartAt = new DateTimeOffset(inAnHour) }, Deadline);
        string sleeper = await Hub.Client.ScheduleNewOrchestrationInstanceAsync(Steps.Sleeper, TimeSpan.FromHours(1), Deadline);
        while (await Hub.QueryAsync<long>("SELECT count(*) FROM inbox WHERE timer_id IS NOT NULL") == 0)
        {
            await Task.Delay(50, Deadline);
        }

        clock.Set(-3600);
        await UntilTheHubHasLookedAsync();
        Assert.Equal(
            2, await Hub.QueryAsync<long>("SELECT count(*) FROM inbox WHERE visible_at > now() + interval '1 hour 30 minutes'"));

        clock.Set(3700);
        await AssertDoneAsync(later);
        Assert.Equal(["awake"], await Hub.WaitAsync(sleeper, Deadline));
    }

    /// <summary>What begins half a second after the jump comes after a look that the hub began after it.</summary>
    private async Task UntilTheHubHasLookedAsync()
    {
        DateTime jumped = await Server.ScalarAsync<DateTime>("SELECT clock_timestamp()");
        string hasLooked = string.Create(
            CultureInfo.InvariantCulture,
            $"""
             SELECT EXISTS (
                 SELECT FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid() AND query_start BETWEEN '{jumped:O}'::timestamptz + interval '0.5 s' AND clock_timestamp())
             """);
        while (!await Server.ScalarAsync<bool>(hasLooked))
        {
            await Task.Delay(20, Deadline);
        }
    }

    private async Task StartServerAsync(FakeClock clock) => UseServer(await PostgresServer.StartAsync(environment: clock.Environment));
}
