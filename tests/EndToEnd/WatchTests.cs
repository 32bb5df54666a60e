using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Heal.EndToEnd.Tests;

/// <summary>Faults that the healer sees by itself, before any alert.</summary>
public sealed partial class WatchTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string CountSignals =
        "SELECT count(*) FROM heal.incident_signal WHERE source = 'Watch' AND status = 'Firing' AND alert_name = ";
    private const string Synced = "Detection has seen all there is";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>
        {
            ["Heal__Watch__Enabled"] = "true",
            // So that the log holds all that the tests look for.
            ["Logging__LogLevel__Default"] = "Warning",
            ["Logging__LogLevel__Heal.Functions.Watches"] = "Information",
        });
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task A_crash_loop_is_healed_without_any_alert_and_the_alert_that_comes_later_joins()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");
        await UntilAsync(() => Logged(Synced) == 1);
        var watch = Stopwatch.StartNew();
        await _heal.Cluster.MountBadConfigAsync("cart");
        string pod = await _heal.Cluster.UntilPodWaitsAsync("cart", "CrashLoopBackOff");

        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));
        output.WriteLine($"from the fault to the verified heal: {watch.Elapsed.TotalSeconds:0.0} s (simulator at 20 times speed)");
        using HttpResponseMessage late = await _heal.PostAlertsAsync(Alerts.CrashLooping(pod, DateTimeOffset.UtcNow));

        Assert.Equal("Healed", (string?)incident["outcome"]!["kind"]);
        Assert.Equal("CrashAfterTemplateChange", (string?)incident["outcome"]!["cause"]);
        Assert.Equal(HttpStatusCode.Accepted, late.StatusCode);
        Assert.Equal("Joined", await UntilFoundAsync("SELECT max(route) FROM heal.incident_signal WHERE source = 'Webhook'"));
        Assert.Single(await _heal.GetIncidentsAsync());
        Assert.Equal(3, SimulatedCluster.Generation(await _heal.Cluster.GetDeploymentAsync("cart")));
        Assert.Equal(
            "KubePodCrashLooping", await UntilFoundAsync("SELECT max(alert_name) FROM heal.incident_signal WHERE source = 'Watch'"));
    }

    [Fact]
    public async Task A_restart_sends_nothing_that_is_known_and_maintenance_is_left_alone()
    {
        await _heal.Cluster.CreateDeploymentAsync("seen");
        await _heal.Cluster.CreateDeploymentAsync("kept");
        await _heal.Cluster.AnnotateAsync("seen", "heal.internal/autonomy", "observe");
        await _heal.Cluster.AnnotateAsync("kept", "heal.internal/maintenance", "true");
        await _heal.Cluster.MountBadConfigAsync("kept");
        await _heal.Cluster.MountBadConfigAsync("seen");
        JsonObject incident = Assert.Single(await _heal.UntilIncidentsEndAsync(1));
        Assert.Equal("Escalated", (string?)incident["outcome"]!["kind"]);
        long before = await _heal.QueryAsync<long>(CountSignals + "'KubePodCrashLooping'");

        _heal.App.Kill();
        await _heal.App.StartAsync();
        await UntilAsync(() => Logged(Synced) == 2);
        // What is judged at the start is judged before this is seen.
        await _heal.Cluster.CreateJobAsync("later");
        await _heal.Cluster.FailJobAsync("later");
        await UntilAsync(async () => await _heal.QueryAsync<long>(CountSignals + "'KubeJobFailed'") == 1);

        Assert.Equal(before, await _heal.QueryAsync<long>(CountSignals + "'KubePodCrashLooping'"));
        Assert.Equal(2, (await _heal.GetIncidentsAsync()).Count);
    }

    [Fact]
    public async Task Each_of_a_hundred_failed_jobs_becomes_one_stored_signal_and_how_soon_is_printed()
    {
        const int Jobs = 100;
        const int First = 10;
        await UntilAsync(() => Logged(Synced) == 1);
        for (int i = 0; i < Jobs; i++)
        {
            await _heal.Cluster.CreateJobAsync($"job-{i}");
        }

        // A process that has just started compiles what it runs for the first time.
        for (int i = 0; i < First; i++)
        {
            await _heal.Cluster.CreateJobAsync($"first-{i}");
            await _heal.Cluster.FailJobAsync($"first-{i}");
        }

        await UntilAsync(async () => await _heal.QueryAsync<long>(CountSignals + "'KubeJobFailed'") == First);
        var failedAt = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        for (int i = 0; i < Jobs; i++)
        {
            failedAt[$"job-{i}"] = DateTimeOffset.UtcNow;
            await _heal.Cluster.FailJobAsync($"job-{i}");
            await Task.Delay(100);
        }

        // The log tells of each signal once it is committed.
        await UntilAsync(() => StoredAfter().Count == Jobs);
        Dictionary<string, double> storedAfter = StoredAfter();
        await UntilAsync(async () => await _heal.QueryAsync<long>(CountSignals + "'KubeJobFailed'") == Jobs + First);
        var foundAt = JsonNode.Parse(await _heal.QueryAsync<string>(
            "SELECT json_object_agg(signal #>> '{Alert,Labels,job_name}', signal ->> 'ReceivedAt')::text FROM heal.incident_signal"))!;
        double[] seconds =
        [
            .. failedAt.Select(pair =>
                (DateTimeOffset.Parse((string)foundAt[pair.Key]!) - pair.Value).TotalSeconds + storedAfter[pair.Key]).Order(),
        ];
        output.WriteLine($"from the change of a status to the committed signal: p50 {seconds[Jobs / 2]:0.000} s, "
            + $"p99 {seconds[(Jobs * 99) / 100]:0.000} s, max {seconds[^1]:0.000} s");
        Assert.Equal(Jobs, seconds.Length);
    }

    private Dictionary<string, double> StoredAfter() => _heal.App.LogLines.Select(line => StoredLine().Match(line))
        .Where(match => match.Success)
        .ToDictionary(match => match.Groups["job"].Value, match => double.Parse(match.Groups["ms"].Value) / 1000, StringComparer.Ordinal);

    private int Logged(string text) => _heal.App.LogLines.Count(line => line.Contains(text, StringComparison.Ordinal));

    private Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < Patience, $"It did not happen within {Patience}. The app's last words:\n{_heal.App.Log}");
            await Task.Delay(50);
        }
    }

    [GeneratedRegex(@"Detector job-failed, Firing: .*stored in (?<ms>\d+) ms\): Job (?<job>job-\d+) failed", RegexOptions.None, 1000)]
    private static partial Regex StoredLine();

    private async Task<string> UntilFoundAsync(string sql)
    {
        string found = "";
        await UntilAsync(async () => (found = await _heal.QueryAsync<object>(sql) as string ?? "").Length > 0);
        return found;
    }
}
