using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Signals and evidence of nodes and pods on a simulated cluster, above a libvirt host in memory.</summary>
public sealed class LayersTests(MachineStore store) : IClassFixture<MachineStore>
{
    private static readonly (string, string) N1 = ("node", "n1");

    [Fact]
    public async Task An_alert_about_a_node_whose_domain_has_died_is_about_the_domain()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await DieAsync(rig);

        var found = await rig.ResolveAsync("KubeNodeNotReady", N1);

        Assert.Equal(rig.Machines.Target(), found.Target);
        Assert.Equal(("LibvirtDomainCrashed", "GuestKilled"), (found.Below!.Alert.Name, found.Below.Alert.Label("detector")));
        Assert.Contains("Node n1", found.Through);
        Assert.Contains("system UUID", found.Reason);
    }

    [Fact]
    public async Task An_alert_about_a_pod_on_such_a_node_is_about_the_domain_too_and_one_on_another_node_is_not()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await rig.PodAsync("there", "n1");
        await rig.PodAsync("elsewhere", "n2");
        await DieAsync(rig);

        var there = await rig.ResolveAsync("KubePodNotReady", ("namespace", "default"), ("pod", "there"));
        var elsewhere = await rig.ResolveAsync("KubePodNotReady", ("namespace", "default"), ("pod", "elsewhere"));

        Assert.Equal(rig.Machines.Target(), there.Target);
        Assert.Contains("Pod default/there", there.Through);
        Assert.Equal(new TargetReference("test", TargetKinds.Pod, "default", "elsewhere"), elsewhere.Target);
    }

    [Fact]
    public async Task A_host_that_is_silent_for_long_is_what_the_alert_is_about_and_one_that_is_silent_for_a_moment_is_not_yet()
    {
        await using var rig = await LayerRig.StartAsync(store);
        rig.Machines.Options.HostDownAfter = TimeSpan.FromMinutes(5);
        await rig.NodeAsync();
        await rig.ReadyAsync("n1", false);
        rig.Machines.Host.StopDaemon();

        var early = await rig.ResolveAsync("KubeNodeNotReady", N1);
        var evidence = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);
        rig.Machines.Time.Leap(TimeSpan.FromMinutes(6));
        var late = await rig.ResolveAsync("KubeNodeNotReady", N1);

        Assert.Equal(TargetKinds.Node, early.Target!.Kind);
        Assert.Equal(LayerCourse.Wait, evidence.Layers!.Verdict.Course);
        Assert.Equal(new TargetReference(rig.Machines.Host.Name, TargetKinds.Hypervisor, "", rig.Machines.Host.Name), late.Target);
        Assert.Equal("LibvirtdUnresponsive", late.Below!.Alert.Name);
    }

    [Fact]
    public async Task A_node_with_a_healthy_domain_stays_a_node_and_its_evidence_says_what_it_stands_on()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        rig.Machines.Host.Pools.Add("images", path: "/images");
        await rig.ReadyAsync("n1", false);

        var found = await rig.ResolveAsync("KubeNodeNotReady", N1);
        var evidence = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);

        Assert.Equal((new TargetReference("test", TargetKinds.Node, "", "n1"), null), (found.Target, found.Below));
        var below = Assert.Single(evidence.Layers!.Below);
        Assert.Equal(("web", rig.Machines.Host.Name, "running (booted)", true), (
            below.Mapping.Domain, below.Mapping.Host, below.Domain, below.HostAnswers));
        Assert.Equal("images", Assert.Single(below.Pools).Name);
        Assert.Equal(LayerCourse.Stay, evidence.Layers.Verdict.Course);
        var kept = EvidenceJson.Read(EvidenceJson.Write(evidence));
        Assert.Equal("web", Assert.Single(kept.Layers!.Below).Mapping.Domain);
    }

    [Fact]
    public async Task What_somebody_switched_off_or_what_is_only_observed_takes_no_alert_over()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await rig.NodeAsync("n2", "<vm desired='running' autonomy='observe'/>");
        await rig.Machines.HearAsync(() => rig.Machines.Host.Guests.DestroyByOperator("web"));
        await rig.Machines.HearAsync(() => rig.Machines.Host.Guests.Kill("n2"));
        await rig.ReadyAsync("n1", false);
        await rig.ReadyAsync("n2", false);

        var meant = await rig.ResolveAsync("KubeNodeNotReady", N1);
        var observed = await rig.ResolveAsync("KubeNodeNotReady", ("node", "n2"));
        var left = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);

        Assert.Equal((TargetKinds.Node, TargetKinds.Node), (meant.Target!.Kind, observed.Target!.Kind));
        Assert.Equal(LayerCourse.Leave, left.Layers!.Verdict.Course);
        Assert.Contains("somebody ended it (destroyed)", left.Layers.Verdict.Reason);
    }

    [Fact]
    public async Task An_incident_of_a_node_whose_domain_is_found_dead_is_to_be_handed_over()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await DieAsync(rig);

        var evidence = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);

        var verdict = EvidenceJson.Read(EvidenceJson.Write(evidence.Digest())).Layers!.Verdict;
        Assert.Equal((LayerCourse.HandOver, rig.Machines.Target()), (verdict.Course, verdict.Target));
        Assert.Equal("GuestKilled", verdict.Signal!.Alert.Label("detector"));
    }

    [Fact]
    public async Task The_evidence_of_a_domain_names_its_node_and_how_many_pods_it_carries()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await rig.PodAsync("a", "n1");
        await rig.PodAsync("b", "n1");
        await rig.ReadyAsync("n1", false);

        var evidence = await rig.Layers.AddAsync(await rig.Machines.CollectAsync(), CancellationToken.None);

        var above = Assert.Single(evidence.Layers!.Above);
        Assert.Equal(("n1", false, 2), (above.Node, above.Ready, above.Pods));
        Assert.Equal(rig.Options.NodeReadyWithin, evidence.Layers.NodeReadyWithin);
    }

    [Fact]
    public async Task A_late_alert_of_a_node_that_is_back_joins_the_incident_of_its_machine_and_others_do_not()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        var machine = rig.Machines.Target();
        rig.Incidents.Latest[machine.Key] = new LatestIncident("incident-a-1", 1, rig.Machines.Time.GetUtcNow(), OutcomeKind.Healed);

        var late = await rig.ResolveAsync("KubeNodeNotReady", N1);
        var other = await rig.ResolveAsync("KubeNodePressure", N1);
        rig.Machines.Time.Leap(rig.Heal.JoinWindow + TimeSpan.FromMinutes(1));
        var later = await rig.ResolveAsync("KubeNodeNotReady", N1);

        Assert.Equal((machine, null), (late.Target, late.Below));
        Assert.Equal((TargetKinds.Node, TargetKinds.Node), (other.Target!.Kind, later.Target!.Kind));
    }

    [Fact]
    public async Task A_node_whose_domain_runs_again_and_whose_incident_is_open_is_left_to_that()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await rig.ReadyAsync("n1", false);
        rig.Incidents.Latest[rig.Machines.Target().Key] = new LatestIncident("incident-a-1", 1, null, null);

        var evidence = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);

        Assert.Equal("incident-a-1", evidence.Layers!.Verdict.IncidentId);
    }

    [Fact]
    public async Task A_domain_that_is_gone_since_it_was_found_takes_no_alert_over()
    {
        await using var rig = await LayerRig.StartAsync(store);
        var guest = await rig.NodeAsync();
        await rig.ReadyAsync("n1", false);
        await rig.Layers.AllAsync(CancellationToken.None);
        await rig.Machines.HearAsync(() => rig.Machines.Host.Guests.Kill("web"));
        await rig.Machines.Tools.Hosts.All[0].Domains.UndefineAsync(guest.Uuid);
        rig.Machines.Time.Leap(TimeSpan.FromMinutes(1));

        var found = await rig.ResolveAsync("KubeNodeNotReady", N1);

        Assert.Equal(TargetKinds.Node, found.Target!.Kind);
    }

    [Fact]
    public async Task The_mapping_is_read_once_for_as_long_as_it_is_kept()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await rig.NodeAsync("n2");
        var before = (Lists: rig.Machines.Host.Calls("List"), Documents: rig.Machines.Host.Calls("GetXml"));
        _ = rig.Calls.Take();

        for (var i = 0; i < 5; i++) await rig.Layers.AllAsync(CancellationToken.None);
        Assert.Equal(["list"], rig.Calls.Take().Where(call => call.Kind == "Node").Select(call => call.Verb));
        Assert.Equal((1, 0), (rig.Machines.Host.Calls("List") - before.Lists, rig.Machines.Host.Calls("GetXml") - before.Documents));

        rig.Machines.Time.Leap(rig.Options.KeepFor);
        await rig.Layers.AllAsync(CancellationToken.None);
        Assert.Single(rig.Calls.Take(), call => call.Kind == "Node");
    }

    [Fact]
    public async Task An_address_that_the_hosts_network_reserves_ties_a_node_that_tells_no_id()
    {
        await using var rig = await LayerRig.StartAsync(store);
        rig.Machines.Host.Guests.Add("web", xml: """
            <domain type='qemu'><name>web</name><memory unit='KiB'>1024</memory><vcpu>1</vcpu>
            <devices><interface type='network'><mac address='52:54:00:AA:00:01'/></interface></devices></domain>
            """);
        await rig.Machines.Tools.Hosts.All[0].Networks.CreateAsync("""
            <network><name>lab</name><ip address='10.9.0.1'><dhcp><host mac='52:54:00:aa:00:01' ip='10.9.0.7'/></dhcp></ip></network>
            """);
        await rig.AddressAsync("n1", "10.9.0.7");

        var mappings = await rig.Layers.AllAsync(CancellationToken.None);

        Assert.Equal((MappingWay.Address, "web"), (mappings[0].Way, mappings[0].Domain));
        Assert.Equal(MappingKind.Unknown, mappings[1].Kind);
    }

    [Fact]
    public async Task Without_libvirt_hosts_nothing_is_asked_and_nothing_changes()
    {
        await using var rig = await LayerRig.StartAsync(store, hasHosts: false);
        await rig.ReadyAsync("n1", false);
        _ = rig.Calls.Take();

        var found = await rig.ResolveAsync("KubeNodeNotReady", N1);
        var evidence = await rig.Layers.AddAsync(OfNode(ready: false), CancellationToken.None);

        Assert.Equal(TargetKinds.Node, found.Target!.Kind);
        Assert.Null(evidence.Layers);

        // The resolver's own look at the node, and none for the layers.
        Assert.Single(rig.Calls.Take(), call => call.Kind == "Node");
    }

    [Fact]
    public async Task An_alert_that_has_ended_is_not_followed_down()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.NodeAsync();
        await DieAsync(rig);

        Assert.Equal(TargetKinds.Node, (await rig.ResolveAsync(AlertStatus.Resolved, "KubeNodeNotReady", N1)).Target!.Kind);
    }

    [Fact]
    public async Task Whether_nodes_are_ready_again_is_told_for_each_and_a_node_that_is_gone_is_not_seen()
    {
        await using var rig = await LayerRig.StartAsync(store);
        await rig.ReadyAsync("n2", false);

        var ready = await rig.Layers.LookAsync(["n1"], CancellationToken.None);
        var not = await rig.Layers.LookAsync(["n1", "n2", "gone"], CancellationToken.None);
        var gone = await rig.Layers.LookAsync(["gone"], CancellationToken.None);

        Assert.Equal((true, false, null), (ready.AllReady, not.AllReady, gone.AllReady));
        Assert.Contains("node n2 is not ready (NodeStatusUnknown)", not.Reason);
        Assert.Contains("could not be seen", gone.Reason);
    }

    private static async Task DieAsync(LayerRig rig)
    {
        await rig.Machines.HearAsync(() => rig.Machines.Host.Guests.Kill("web"));
        await rig.ReadyAsync("n1", false);
    }

    private static EvidenceBundle OfNode(bool ready) =>
        EvidenceBundle.Empty(
            new TargetReference("test", TargetKinds.Node, "", "n1"), Some.Noon, exists: true,
            new AutonomySetting(Autonomy.Act, "test")) with
        {
            Nodes = [new NodeEvidence("node/n1", "n1", ready, false, null)],
        };
}
