using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>
/// SIGKILL at the two worst moments of a healing on a real cluster: the incident goes on, and the rollback is applied once.
/// </summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class KillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Killed_while_the_alert_arrives_and_right_after_the_rollback_the_app_heals_once()
    {
        await using Workload workload = await Workload.CreateAsync("basket", replicas: 3, autonomy: "act");
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            JsonObject before = await workload.GetAsync();
            Task killedAtArrival = KillWhenAlertArrives(healer.App);
            Task<string> operation = workload.UntilOperationAsync(RealHealer.Patience);
            DateTime faultAt = DateTime.UtcNow;
            await workload.MountBadConfigAsync();
            long faulty = await workload.GenerationAsync();

            await killedAtArrival.WaitAsync(RealHealer.Patience);
            await healer.App.StartAsync();
            string key = await operation;
            Assert.True(healer.App.Kill(), "expected a running app to kill");
            long open = await healer.QueryAsync<long>(
                "SELECT count(*) FROM heal.incident WHERE namespace = $1 AND closed_at IS NULL", workload);
            await healer.App.StartAsync();
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("crashloop with two kills", workload, faultAt);
            Assert.Equal(1, open);
            Assert.Equal(2, healer.App.Kills);
            await Claims.HealedAsync(healer, workload, incident, "CrashAfterTemplateChange");
            await Claims.RolledBackOnceAsync(healer, workload, before, faulty);
            Assert.Equal(key, (string?)(await workload.GetAsync())["metadata"]!["annotations"]![Workload.OperationAnnotation]);
        });
    }

    /// <summary>Once: when the app has stored the first alert of a crash loop, before it can have acknowledged it.</summary>
    private static Task KillWhenAlertArrives(HealProcess app)
    {
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int kills = 0;
        app.LinePrinted = line =>
        {
            if (line.Contains("signals are stored", StringComparison.Ordinal)
                && line.Contains("alert 'KubePodCrashLooping'", StringComparison.Ordinal) && Interlocked.Increment(ref kills) == 1)
            {
                app.Kill();
                killed.TrySetResult();
            }
        };
        return killed.Task;
    }
}
