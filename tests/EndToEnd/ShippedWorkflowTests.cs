using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>Faults that the healer sees by itself, with the workflows that come with it.</summary>
public sealed class ShippedWorkflowTests : IAsyncLifetime
{
    private HealEnvironment _heal = null!;

    public async Task InitializeAsync()
    {
        _heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>
        {
            ["Heal__Watch__Enabled"] = "true",
            ["Heal__WorkflowsFolder"] = "workflows",
        });
        await _heal.App.StartAsync();
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    [Fact]
    public async Task A_container_that_is_killed_for_memory_since_its_limit_was_set_gets_its_old_limit_back()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");

        await _heal.Cluster.LimitMemoryAsync("cart", "64Mi");
        JsonObject healed = await _heal.UntilIncidentAsync(incident => (string?)incident["outcome"]?["kind"] == "Healed");

        Assert.Equal("OutOfMemoryAfterTemplateChange", (string?)healed["outcome"]!["cause"]);
        Assert.Equal("out-of-memory", (string?)healed["status"]!["workflow"]);
        Assert.Equal(1, await _heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        Assert.DoesNotContain(await _heal.GetIncidentsAsync(), incident => (string?)incident["outcome"]?["kind"] == "Escalated");
        JsonObject deployment = await _heal.Cluster.GetDeploymentAsync("cart");
        Assert.True(SimulatedCluster.IsHealthy(deployment), deployment.ToJsonString());
        Assert.Null(deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]?["limits"]);
    }
}
