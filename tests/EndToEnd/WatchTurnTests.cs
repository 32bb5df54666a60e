using System.Diagnostics;

namespace Heal.EndToEnd.Tests;

/// <summary>Two hosts that share a PostgreSQL: one watches the cluster, the other stands by.</summary>
public sealed class WatchTurnTests : IAsyncLifetime
{
    private const string Began = "This host watches the cluster";
    private const string Synced = "Detection has seen all there is";
    private const string StandsBy = "This one stands by";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private HealEnvironment _heal = null!;
    private HealProcess _other = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>
        {
            ["Heal__Watch__Enabled"] = "true",
            // So that the log holds all that the tests look for.
            ["Logging__LogLevel__Default"] = "Warning",
            ["Logging__LogLevel__Heal.Functions.Watches"] = "Information",
        });
        _other = _heal.NewApp();
        foreach (string job in new[] { "before", "meanwhile", "after" })
        {
            await _heal.Cluster.CreateJobAsync(job);
        }

        await _heal.App.StartAsync();
        await UntilAsync(() => Logged(_heal.App, Synced) == 1);
        await _other.StartAsync();
        await UntilAsync(() => Logged(_other, StandsBy) == 1);
        await _heal.Cluster.FailJobAsync("before");
        await UntilToldAsync("before");
    }

    public async Task DisposeAsync()
    {
        await _other.DisposeAsync();
        await _heal.DisposeAsync();
    }

    [Fact]
    public async Task When_the_host_that_watches_is_killed_the_other_goes_on_and_nothing_is_lost_doubled_or_ended()
    {
        Assert.Equal(0, Logged(_other, Began));

        _heal.App.Kill();
        await _heal.Cluster.FailJobAsync("meanwhile");
        await UntilAsync(() => Logged(_other, Synced) == 1);
        // What is judged at the start of a turn is judged before this is seen.
        await _heal.Cluster.FailJobAsync("after");
        await UntilToldAsync("after");

        Assert.Equal("after 1, before 1, meanwhile 1", await ToldAsync("Firing"));
        Assert.Equal("", await ToldAsync("Resolved"));
    }

    [Fact]
    public async Task A_host_that_stood_still_for_longer_than_its_turn_stands_by_and_brings_nothing()
    {
        _heal.App.Halt();
        await _heal.Cluster.FailJobAsync("meanwhile");
        await UntilAsync(() => Logged(_other, Synced) == 1);
        await UntilToldAsync("meanwhile");
        _heal.App.Resume();
        await UntilAsync(() => Logged(_heal.App, StandsBy) == 1);
        await _heal.Cluster.FailJobAsync("after");
        await UntilToldAsync("after");

        Assert.Equal("after 1, before 1, meanwhile 1", await ToldAsync("Firing"));
        Assert.Equal((0, 0), (Logged(_heal.App, "Job meanwhile failed"), Logged(_heal.App, "Job after failed")));
    }

    private static int Logged(HealProcess app, string text) =>
        app.LogLines.Count(line => line.Contains(text, StringComparison.Ordinal));

    private Task UntilToldAsync(string job) =>
        UntilAsync(async () => (await ToldAsync("Firing")).Contains(job, StringComparison.Ordinal));

    /// <summary>The Jobs whose failure was told, with how often, by name.</summary>
    private async Task<string> ToldAsync(string status) => await _heal.QueryAsync<object>($$$"""
        SELECT string_agg(job || ' ' || told, ', ' ORDER BY job)
        FROM (
            SELECT signal #>> '{Alert,Labels,job_name}' AS job, count(*) AS told
            FROM heal.incident_signal WHERE source = 'Watch' AND status = '{{{status}}}' GROUP BY 1
        ) AS jobs
        """) as string ?? "";

    private Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(
                waited.Elapsed < Patience, $"It did not happen within {Patience}. The hosts' last words:\n{_heal.App.Log}\n\n{_other.Log}");
            await Task.Delay(50);
        }
    }
}
