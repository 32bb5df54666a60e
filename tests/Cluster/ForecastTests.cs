using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Heal.Cluster.Tests;

/// <summary>What will break, put right before it does, on a real Kubernetes: memory that grows, a volume that fills.</summary>
[Collection(RealClusterCollection.Name)]
[Trait("Category", "Cluster")]
public sealed class ForecastTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Memory_that_will_be_exhausted_is_freed_by_a_graceful_restart_before_a_container_is_killed()
    {
        await using Workload workload = await Workload.CreateAsync("reports", replicas: 2, autonomy: "act", manifest: "leaking.yaml");
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            IReadOnlyList<JsonObject> leaking = await workload.GetPodsAsync();
            DateTime faultAt = DateTime.UtcNow;
            foreach (JsonObject pod in leaking)
            {
                await workload.RunInAsync(pod, "while :; do head -c 600000 /dev/zero >> /heap/leak; sleep 1; done");
            }

            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);

            await healer.ReportAsync("memory-leak", workload, faultAt);
            Assert.Equal(("Healed", "MemoryGrowing"), Claims.Outcome(incident));
            Assert.Equal(["rollout_restart confirmed"], await healer.OperationsAsync($"{workload.Namespace}/Deployment/"));
            await workload.RolloutAsync();
            IReadOnlyList<JsonObject> fresh = await workload.GetPodsAsync();
            Assert.Empty(fresh.Select(Uid).Intersect(leaking.Select(Uid)));
            // A container that is killed for memory makes an event, which outlives its pod.
            Assert.DoesNotContain("OOM", await workload.DescribeAsync(), StringComparison.Ordinal);
            Assert.All(fresh, pod => Assert.Equal(0, (int)pod["status"]!["containerStatuses"]![0]!["restartCount"]!));
        });
    }

    [Fact]
    public async Task A_volume_that_will_be_full_soon_is_made_bigger_once_a_person_has_approved()
    {
        await using Volume volume = await Volume.CreateAsync("24M");
        await using Workload workload = await Workload.CreateAsync(
            "journal", replicas: 1, autonomy: "act", manifest: "filling.yaml", ns: volume.Name);
        await using RealHealer healer = await RealHealer.StartAsync(output);
        await healer.ExplainAsync(workload, async () =>
        {
            using var testEnds = new CancellationTokenSource();
            Task grower = volume.ServeAsync(workload, testEnds.Token);
            DateTime faultAt = DateTime.UtcNow;
            await workload.RunInAsync(
                (await workload.GetPodsAsync())[0], "for i in $(seq 1 100); do head -c 150000 /dev/zero >> /data/journal; sleep 1; done");

            await healer.ApproveAsync(workload);
            JsonObject incident = await healer.UntilIncidentEndsAsync(workload);
            await testEnds.CancelAsync();
            await grower;

            await healer.ReportAsync("pvc-capacity-forecast", workload, faultAt);
            Assert.Equal(("Healed", "VolumeFilling"), Claims.Outcome(incident));
            Assert.Equal("36Mi", (string?)(await workload.GetAsync("pvc"))["status"]!["capacity"]!["storage"]);
            Assert.Equal(["expand_pvc confirmed"], await healer.OperationsAsync($"{workload.Namespace}/PersistentVolumeClaim/"));
            string blocks = await workload.AskAsync((await workload.GetPodsAsync())[0], "stat -f -c '%b %S' /data");
            long[] numbers = [.. blocks.Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
            Assert.Equal(36L << 20, numbers[0] * numbers[1]);
        });
    }

    private static string? Uid(JsonObject pod) => (string?)pod["metadata"]!["uid"];
}
