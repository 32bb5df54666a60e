using System.Diagnostics;
using Heal.DurableTask.PostgreSql.Tests.Workers;
using Xunit.Abstractions;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>
/// Workers that are killed or paused, each a process of its own. Leases are an hour and the deadline two minutes: what is done did not wait
/// for the end of a lease. How fast it was is printed and not asserted, as no time of a wall clock is in this repository: it depends on
/// the machine; bench/DurableTask's <c>recover</c> measures it.
/// </summary>
public sealed class WorkerDeathTests(HubTestDatabase database, ITestOutputHelper output) : IClassFixture<HubTestDatabase>, IAsyncLifetime
{
    private const int Many = 200;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));
    private readonly string _schema = "hub_" + Guid.NewGuid().ToString("N")[..12];
    private HubClient _hub = null!;

    public async Task InitializeAsync() => _hub = await HubClient.StartAsync(database.ConnectionString, _schema);

    public async Task DisposeAsync()
    {
        await _hub.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task A_living_worker_finishes_what_a_killed_one_held_without_waiting_for_its_leases()
    {
        await using WorkerProcess killed = await StartAsync("killed", holds: true);
        string[] ids = await HoldManyAsync(killed);
        await using WorkerProcess living = await StartAsync("living");

        long start = Stopwatch.GetTimestamp();
        await killed.KillAsync();
        await WaitForManyAsync(ids, "living");
        output.WriteLine($"{Many} half-done orchestrations: done {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s after the kill.");
    }

    [Fact]
    public async Task A_worker_that_is_started_again_finishes_what_it_held_when_it_was_killed_without_waiting_for_its_leases()
    {
        await using WorkerProcess killed = await StartAsync("killed", holds: true);
        string[] ids = await HoldManyAsync(killed);
        await killed.KillAsync();

        long start = Stopwatch.GetTimestamp();
        await using WorkerProcess again = WorkerProcess.Launch(Settings("again"));
        await WaitForManyAsync(ids, "again");
        output.WriteLine($"{Many} half-done orchestrations: done {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s after the start.");
    }

    [Fact]
    public async Task A_paused_worker_that_wakes_up_after_its_lease_commits_nothing_while_another_one_works_on_it()
    {
        await using WorkerProcess paused = await StartAsync("paused", holds: true, TimeSpan.FromSeconds(2));
        string id = await _hub.ScheduleAsync(steps: 5);
        await paused.UntilHoldingAsync(id, _deadline.Token);
        paused.Pause();
        await using WorkerProcess other = await StartAsync("other", holds: true, TimeSpan.FromSeconds(30));
        await other.UntilHoldingAsync(id, _deadline.Token);

        paused.Continue();
        await paused.ReleaseAsync();
        await paused.UntilSaidAsync("its outcome was not stored", _deadline.Token);
        await other.ReleaseAsync();
        string[] workers = await _hub.WaitAsync(id, _deadline.Token);
        Assert.Equal(["paused", "paused", "other"], workers[..3]);
    }

    [Fact]
    public async Task A_paused_worker_that_wakes_up_after_its_work_was_done_by_another_one_commits_nothing_and_goes_on_with_new_work()
    {
        await using WorkerProcess paused = await StartAsync("paused", holds: true, TimeSpan.FromSeconds(2));
        string id = await _hub.ScheduleAsync(steps: 5);
        await paused.UntilHoldingAsync(id, _deadline.Token);
        paused.Pause();
        await using (WorkerProcess other = await StartAsync("other"))
        {
            Assert.Equal(["paused", "paused", "other", "other", "other"], await _hub.WaitAsync(id, _deadline.Token));
        }

        long history = await HistoryLengthAsync(id);
        paused.Continue();
        await paused.ReleaseAsync();
        await paused.UntilSaidAsync("its outcome was not stored", _deadline.Token);
        Assert.Equal(history, await HistoryLengthAsync(id));
        string[] workers = await _hub.WaitAsync(await _hub.ScheduleAsync(steps: 5), _deadline.Token);
        Assert.All(workers, worker => Assert.Equal("paused", worker));
    }

    private async Task<string[]> HoldManyAsync(WorkerProcess worker)
    {
        string[] ids = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => _hub.ScheduleAsync(steps: 5)));
        foreach (string id in ids)
        {
            await worker.UntilHoldingAsync(id, _deadline.Token);
        }

        return ids;
    }

    private async Task WaitForManyAsync(string[] ids, string worker)
    {
        string[][] done = await Task.WhenAll(ids.Select(id => _hub.WaitAsync(id, _deadline.Token)));
        Assert.All(done, workers => Assert.Equal(["killed", "killed", worker, worker, worker], workers));
    }

    private Task<long> HistoryLengthAsync(string id) =>
        _hub.QueryAsync<long>("SELECT history_count::bigint FROM instances WHERE instance_id = $1", id);

    private Task<WorkerProcess> StartAsync(string name, bool holds = false, TimeSpan? lease = null) =>
        WorkerProcess.StartAsync(Settings(name, holds, lease), _deadline.Token);

    private WorkerSettings Settings(string name, bool holds = false, TimeSpan? lease = null) => new()
    {
        ConnectionString = database.ConnectionString,
        Schema = _schema,
        Name = name,
        Holds = holds,
        Lease = lease ?? TimeSpan.FromHours(1),
    };
}
