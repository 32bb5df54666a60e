using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.DurableTask.PostgreSql.Tests.Workers;

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

    private async Task StartServerAsync(FakeClock clock) => UseServer(await PostgresServer.StartAsync(environment: clock.Environment));
}
