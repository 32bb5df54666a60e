using System.Text.Json.Nodes;
using Heal.Activities.Tests;
using Xunit.Abstractions;

namespace Heal.Bench.Tests;

/// <summary>The benchmark of client, detection and evidence on a real API server, with few objects.</summary>
[Trait("Category", "Cluster")]
public sealed class KubernetesShortFormTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly string[] Measured =
    [
        "first list", "memory of the cache", "memory per object", "memory of cache and detection", "resident set of the process",
        "change acknowledged by the server, p50", "change acknowledged by the server, p99", "change to consumer, p50",
        "change to consumer, p99", "change of status to signal, p50", "change of status to signal, p99", "memory after the changes",
        "evidence by itself, p50", "evidence by itself, p95", "evidence by itself, requests", "evidence in the crowd, p50",
        "evidence in the crowd, p95", "evidence in the crowd, requests",
    ];

    // As bench/README.md says it to people who measure.
    private readonly ControlPlane _plane = new() { StorageQuota = 0 };

    public Task InitializeAsync() => _plane.StartAsync();

    public Task DisposeAsync() => _plane.StopAsync();

    [Fact]
    public async Task Every_benchmark_of_the_kubernetes_client_runs_against_a_real_api_server_and_measures_something()
    {
        string file = Path.GetTempFileName();
        try
        {
            output.WriteLine(await BenchProgram.RunAsync(
                "Kubernetes", new Dictionary<string, string>(), "--kubeconfig", _plane.Kubeconfig, "--pods", "300", "--deployments", "30",
                "--rate", "50", "--seconds", "3", "--bundles", "3", "--json", file));
            JsonNode results = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
            Dictionary<string, JsonNode> figures = results["Figures"]!.AsArray().ToDictionary(
                figure => (string)figure!["Name"]!, figure => figure!, StringComparer.Ordinal);

            Assert.Equal("cluster", (string?)results["Against"]);
            Assert.All(Measured, name => Assert.True(
                (double?)figures.GetValueOrDefault(name)?["Value"] > 0, $"{name}: {figures.GetValueOrDefault(name)?.ToJsonString()}"));
            Assert.All(new[] { "evidence by itself, p50", "evidence in the crowd, p50" }, name => Assert.EndsWith(
                "diagnosed as ImagePullAfterTemplateChange", (string?)figures[name]["Note"], StringComparison.Ordinal));
            // What was made is on its way out.
            string namespaces = await _plane.KubectlAsync("get", "namespaces", "--no-headers");
            Assert.DoesNotContain(namespaces.Split('\n'), line => line.StartsWith("heal-bench", StringComparison.Ordinal)
                && line.Contains("Active", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
