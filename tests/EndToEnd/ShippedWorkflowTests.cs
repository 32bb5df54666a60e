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

    [Fact]
    public async Task A_node_that_comes_and_goes_takes_no_new_pods_until_it_is_let_in_again_a_day_later_by_a_persons_leave()
    {
        const string Node = "node-1";
        const string Ledger = "SELECT string_agg(action_id || ' ' || state, ', ' ORDER BY intended_at) FROM heal.operation_ledger";
        var machine = Guid.NewGuid();
        await _heal.Cluster.AnnotateNodeAsync(Node, "heal.internal/autonomy", "act");

        for (bool isReady = false; await CountAsync("KubeNodeReadinessFlapping") == 0; isReady = !isReady)
        {
            await _heal.Cluster.SetNodeAsync(Node, machine, isReady);
            await Task.Delay(TimeSpan.FromMilliseconds(250)); // two changes that come together are none
        }

        await _heal.Cluster.SetNodeAsync(Node, machine, ready: true);
        JsonObject flapping = await _heal.UntilIncidentAsync(incident => IsOf(incident, Node) && incident["outcome"] is not null);
        Assert.Equal("node-flapping", (string?)flapping["status"]!["workflow"]);
        // Why it comes and goes is nothing that the healer puts right.
        Assert.Equal("Escalated", (string?)flapping["outcome"]!["kind"]);
        Assert.Contains($"what is wrong with Node {Node} itself is left to people", (string?)flapping["outcome"]!["reason"]);
        Assert.True((bool?)(await _heal.Cluster.GetNodeAsync(Node))["spec"]!["unschedulable"]);
        Assert.Equal("cordon_node confirmed", await _heal.QueryAsync<string>(Ledger));

        await _heal.ComeBackTomorrowAsync("Heal__Watch__Detectors__NodeCordoned__Hold", "00:00:00");
        JsonObject asking = await _heal.UntilIncidentAsync(incident => IsOf(incident, Node)
            && (string?)incident["status"]!["phase"] == "Approve");
        Assert.True((bool?)(await _heal.Cluster.GetNodeAsync(Node))["spec"]!["unschedulable"]);
        await _heal.ApproveAsync((string)asking["id"]!);
        IReadOnlyList<JsonObject> both = await _heal.UntilIncidentsEndAsync(2);

        JsonObject cordoned = Assert.Single(both, incident => (string?)incident["id"] == (string?)asking["id"]);
        Assert.Equal("node-left-cordoned", (string?)cordoned["status"]!["workflow"]);
        Assert.Equal("Healed", (string?)cordoned["outcome"]!["kind"]);
        Assert.Null((await _heal.Cluster.GetNodeAsync(Node))["spec"]!["unschedulable"]);
        Assert.Equal("cordon_node confirmed, uncordon_node confirmed", await _heal.QueryAsync<string>(Ledger));
    }

    [Fact]
    public async Task A_service_that_selects_no_pod_is_pointed_at_the_workload_of_its_name_once_a_person_has_approved()
    {
        await _heal.Cluster.CreateDeploymentAsync("cart");
        await _heal.Cluster.CreateServiceAsync("cart");
        await _heal.Cluster.CreateDeploymentAsync("shelf");
        await _heal.Cluster.MisdirectServiceAsync("cart", "card");

        using HttpResponseMessage told = await _heal.PostAlertsAsync(Alerts.Payload(Alerts.Alert(
            "KubeEndpointWithoutBackends", DateTimeOffset.UtcNow, $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"service\":\"cart\"")));
        JsonObject asking = await _heal.UntilIncidentAsync(incident => (string?)incident["status"]?["phase"] == "Approve");
        Assert.Equal("card", await _heal.Cluster.SelectedByServiceAsync("cart"));
        await _heal.ApproveAsync((string)asking["id"]!);
        JsonObject healed = Assert.Single(await _heal.UntilIncidentsEndAsync(1));

        Assert.Equal("service-selector", (string?)healed["status"]!["workflow"]);
        Assert.Equal(("Healed", "EndpointsEmpty"), ((string?)healed["outcome"]!["kind"], (string?)healed["outcome"]!["cause"]));
        Assert.Equal("cart", await _heal.Cluster.SelectedByServiceAsync("cart"));
        await _heal.Cluster.UntilBackendsAsync("cart", areReady: true);
        Assert.Equal("fix_service_selector confirmed", await _heal.QueryAsync<string>(
            "SELECT string_agg(action_id || ' ' || state, ', ') FROM heal.operation_ledger"));
    }

    private Task<long> CountAsync(string alert) =>
        _heal.QueryAsync<long>($"SELECT count(*) FROM heal.incident_signal WHERE alert_name = '{alert}'");

    private static bool IsOf(JsonObject incident, string node) => (string?)incident["status"]?["target"] == $"Node {node}";
}
