using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>A node that is a domain which is off, a cluster and a host that show both, and the app between them.</summary>
public sealed class LayerWorld : IAsyncLifetime
{
    public const string Node = "node-1";

    private readonly Guid _uuid = Guid.NewGuid();
    private readonly string _world = Path.Combine(Path.GetTempPath(), $"heal-world-{Guid.NewGuid():N}.xml");

    internal HealEnvironment Heal { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_world, $"""
            <node><domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
            <name>worker</name><uuid>{_uuid}</uuid><memory>131072</memory><vcpu>1</vcpu>
            <metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>
            <os><type>hvm</type></os><test:runstate>5</test:runstate></domain></node>
            """);
        Heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__hv1__Uri"] = $"test://{_world}",
            // The node is heard of first.
            ["Heal__Machines__Watch"] = "false",
            ["Heal__Autonomy"] = "Act",
            ["Heal__WorkflowsFolder"] = "workflows",
        });
        await Heal.Cluster.SetNodeAsync(Node, _uuid, ready: false);
        await Heal.App.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await Heal.DisposeAsync();
        File.Delete(_world);
    }
}

/// <summary>
/// The whole app with the shipped workflows between a simulated cluster and libvirt's test driver: a node that is a domain which is off.
/// The driver has no guests, so that no heal can be proven here; what is done, and what is not, shows all the same.
/// </summary>
public sealed class LayerTests(LayerWorld world) : IClassFixture<LayerWorld>
{
    private const string Node = LayerWorld.Node;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly HealEnvironment _heal = world.Heal;

    [Fact]
    public async Task A_node_whose_domain_is_off_is_one_incident_of_the_domain_which_is_started_and_nothing_is_done_to_the_node()
    {
        JsonNode before = await LayersAsync();
        using HttpResponseMessage posted = await _heal.PostAlertsAsync(
            Alerts.Payload(Alerts.Alert("KubeNodeNotReady", DateTimeOffset.UtcNow, $"\"node\":\"{Node}\",\"severity\":\"warning\"")));
        Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);

        await UntilAsync(async () => ((string?)(await LayersAsync())["domain"])?.StartsWith("running", StringComparison.Ordinal) == true);

        Assert.StartsWith("shutoff", (string?)before["domain"]);
        Assert.Equal(("Known", "SystemUuid", "worker"), (
            (string?)before["mapping"]!["kind"], (string?)before["mapping"]!["way"], (string?)before["mapping"]!["domain"]));
        Assert.Equal("UnexpectedShutoff", (string?)before["fault"]!["detector"]);
        Assert.Equal("VirtualMachine worker vm-shutoff", await _heal.QueryAsync<string>(
            "SELECT string_agg(kind || ' ' || name || ' ' || workflow, ',') FROM heal.incident"));
        await UntilAsync(async () => await _heal.QueryAsync<string>(
            "SELECT string_agg(alert_name, ',' ORDER BY alert_name) FROM heal.incident_signal WHERE incident_id IS NOT NULL")
            == "KubeNodeNotReady,LibvirtDomainUnexpectedShutoff");
        Assert.Equal("vm_start", await _heal.QueryAsync<string>(
            "SELECT string_agg(action_id, ',') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%'"));
        Assert.NotEqual(true, (bool?)(await _heal.Cluster.GetNodeAsync(Node))["spec"]?["unschedulable"]);
    }

    [Fact]
    public async Task The_door_says_what_is_wrong_with_a_question()
    {
        JsonArray all = (await _heal.App.Http.GetFromJsonAsync<JsonArray>(new Uri("/api/layers", UriKind.Relative)))!;
        using HttpResponseMessage missing = await _heal.App.Http.GetAsync(new Uri("/api/layers/nobody", UriKind.Relative));
        using HttpResponseMessage bad = await _heal.App.Http.GetAsync(new Uri("/api/layers/a_b", UriKind.Relative));

        Assert.Equal(["Known", "Unknown", "Unknown"], all.Select(static node => (string?)node!["kind"]));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.BadRequest), (missing.StatusCode, bad.StatusCode));
    }

    private async Task<JsonNode> LayersAsync() =>
        (await _heal.App.Http.GetFromJsonAsync<JsonNode>(new Uri($"/api/layers/{Node}", UriKind.Relative)))!;

    private async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not come to pass. The app's last words:\n{_heal.App.Log}");
            // What another process does to its own world has no signal to wait for.
            await Task.Delay(50);
        }
    }
}
