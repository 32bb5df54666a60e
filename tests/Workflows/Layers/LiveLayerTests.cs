using Heal.Activities;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Heal.Workflows.Tests;

/// <summary>
/// A node that is a virtual machine which dies, with the whole healer between a simulated cluster and a libvirt host in memory. Whoever is
/// heard first, there is one remediation, of the machine, and nothing is done to the node.
/// </summary>
public sealed class LiveLayerTests : IAsyncLifetime
{
    private const string Node = "node-1";

    // As the shipped ones, with the waits of a test.
    private const string OfNodes = """
        name: node-notready
        version: "1.0.0"
        description: for tests
        alerts: [{ name: KubeNodeNotReady }]
        limits: { maxRisk: R3, maxActions: 1, coolDown: 0s }
        approval: { timeout: 3s }
        actions:
          - id: cordon_node
            timeout: 30s
            parameters: { minHealthyPercent: 1 }
            verification: { stableFor: 1s, timeout: 6s, pollEvery: 1s }
        escalation: { to: on-call }
        """;

    private const string OfMachines = """
        name: vm-shutoff
        version: "1.0.0"
        description: for tests
        alerts: [{ name: LibvirtDomainUnexpectedShutoff }, { name: LibvirtDomainCrashed }]
        limits: { maxRisk: R2, maxActions: 1, coolDown: 0s }
        approval: { from: R3, timeout: 3s }
        actions:
          - id: vm_start
            timeout: 60s
            verification: { stableFor: 1s, timeout: 30s, pollEvery: 1s }
        escalation: { to: on-call }
        """;

    private readonly FakeLibvirtHost _host = new("hv1");
    private readonly MachineBank _bank = new();
    private LiveHealer _healer = null!;
    private HostInventory _inventory = null!;
    private FakeGuest _guest = null!;

    public async Task InitializeAsync()
    {
        _guest = _host.Guests.Add("web", running: true, "<vm desired='running' autonomy='act'/>");
        _healer = await LiveHealer.StartAsync(
            "act", [], new(StringComparer.Ordinal) { ["Heal:Autonomy"] = "Act", ["Heal:Layers:NodeReadyWithin"] = "00:00:50" },
            [("node.yaml", OfNodes), ("vm.yaml", OfMachines)],
            services => services.AddSingleton<ILibvirtHosts>(new FakeLibvirtHosts(_host)));
        await _healer.PatchNodeStatusAsync(Node, $$$"""{"status":{"nodeInfo":{"systemUUID":"{{{_guest.Uuid}}}"} } }""");
        _inventory = _healer.Services.GetRequiredService<Inventories>().Of(_host, _bank);
        Assert.Empty(await _inventory.LookAtAllAsync(CancellationToken.None));
    }

    public async Task DisposeAsync() => await _healer.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_node_and_its_machine_that_fail_together_are_one_incident_and_one_start(bool nodeFirst)
    {
        _host.Guests.Kill("web");
        await ReadyAsync(false);
        var ofMachine = Assert.Single(await _inventory.LookAtAllAsync(CancellationToken.None));
        var ofNode = LiveHealer.Alert("KubeNodeNotReady", "node", ("node", Node));

        var first = await _healer.RouteAsync(nodeFirst ? ofNode : ofMachine);
        var second = await _healer.RouteAsync(nodeFirst ? ofMachine : ofNode);
        await BackAsync();
        var outcome = await _healer.OutcomeAsync(first.IncidentId!);

        Assert.Equal(first.IncidentId, second.IncidentId);
        Assert.True(outcome.Kind == OutcomeKind.Healed, outcome.Reason);
        Assert.Equal((TargetKinds.VirtualMachine, "web"), (outcome.Target.Kind, outcome.Target.Name));
        Assert.EndsWith($"node {Node} is ready", outcome.Reason);
        Assert.Equal("1", await QueryAsync("SELECT count(*)::text FROM heal.incident"));
        Assert.Equal("vm-shutoff", await QueryAsync("SELECT workflow FROM heal.incident"));
        Assert.Contains($"Node {Node}", await QueryAsync(
            "SELECT reason FROM heal.incident_signal WHERE alert_name = 'KubeNodeNotReady'"));
        await AssertStartedOnceAsync();
    }

    [Fact]
    public async Task An_incident_of_a_node_that_began_while_its_host_was_silent_becomes_the_machines()
    {
        await ReadyAsync(false);
        _host.StopDaemon();
        _host.Guests.Kill("web");
        var routed = await _healer.RouteAsync(LiveHealer.Alert("KubeNodeNotReady", "node", ("node", Node)));
        _host.StartDaemon();
        var node = await _healer.OutcomeAsync(routed.IncidentId!);
        await BackAsync();
        var machine = await _healer.OutcomeAsync(new TargetReference("hv1", TargetKinds.VirtualMachine, "", "web").IncidentId(1));

        Assert.True(node.Kind == OutcomeKind.HandedOver, $"{node.Kind}: {node.Reason}");
        Assert.Contains(machine.IncidentId, node.Reason);
        Assert.Empty(node.Actions);
        Assert.True(machine.Kind == OutcomeKind.Healed, machine.Reason);
        await AssertStartedOnceAsync();
    }

    [Fact]
    public async Task A_node_that_fails_while_its_machine_is_well_is_healed_as_a_node()
    {
        await ReadyAsync(false);

        var routed = await _healer.RouteAsync(LiveHealer.Alert("KubeNodeNotReady", "node", ("node", Node)));
        var outcome = await _healer.OutcomeAsync(routed.IncidentId!);

        Assert.Equal((TargetKinds.Node, "cordon_node"), (outcome.Target.Kind, Assert.Single(outcome.Actions).ActionId));
        var evidence = _healer.Services.GetRequiredService<IEvidenceStore>();
        var kept = (await evidence.ListAsync(outcome.IncidentId, CancellationToken.None))[0];
        var bundle = (await evidence.FindAsync(kept, CancellationToken.None))!;
        Assert.Equal(("web", "running (booted)"), (bundle.Layers!.Below[0].Mapping.Domain, bundle.Layers.Below[0].Domain));
        Assert.Equal(1, _guest.Boot);
    }

    private async Task AssertStartedOnceAsync()
    {
        Assert.Equal((2, DomainState.Running), (_guest.Boot, _guest.State));
        Assert.Equal("vm_start", await QueryAsync(
            "SELECT string_agg(action_id, ',') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%'"));
        Assert.NotEqual(true, (await _healer.Cluster.GetAsync<Node>(null, Node)).Spec?.Unschedulable);
    }

    // A kubelet comes back with its guest.
    private async Task BackAsync()
    {
        using var limit = new CancellationTokenSource(LiveHealer.Patience);
        await foreach (var happened in _host.WatchAsync(limit.Token))
        {
            if (_guest.Runs) break;
        }

        await ReadyAsync(true);
    }

    private Task ReadyAsync(bool ready) => _healer.PatchNodeStatusAsync(Node, $$$"""
        {"status":{"conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "Unknown")}}}","reason":"test"}]} }
        """);

    private async Task<string?> QueryAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(_healer.ConnectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}
