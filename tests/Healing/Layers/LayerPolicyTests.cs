namespace Heal.Healing.Tests;

/// <summary>Which layer is at fault, and what that means for who stands above.</summary>
public sealed class LayerPolicyTests
{
    private const string Uuid = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0";
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Domain = new("hv1", TargetKinds.VirtualMachine, "", "web");
    private static readonly TargetReference Node = new("test", TargetKinds.Node, "", "n1");
    private static readonly TargetReference Deployment = new("test", TargetKinds.Deployment, "shop", "cart");

    [Fact]
    public void A_domain_that_died_is_the_lowest_fault_of_a_host_that_answers()
    {
        var fault = LayerPolicy.Lowest(Domain, Uuid, Machine("shutoff", "crashed") with { Events = [Stopped] })!;

        Assert.Equal((Domain, MachineCauses.GuestKilled, $"hv1/{Uuid}"), (fault.Target, fault.Detector, fault.Uid));
    }

    [Fact]
    public void A_host_that_does_not_answer_is_below_its_domains()
    {
        var silent = Machine("shutoff", "crashed") with
        {
            Host = Host with { Reachable = false, Reason = "no route", LastSeenAt = Now.AddMinutes(-2) },
        };

        var fault = LayerPolicy.Lowest(Domain, Uuid, silent)!;

        Assert.Equal((TargetKinds.Hypervisor, "hv1", "hv1/host"), (fault.Target.Kind, fault.Target.Name, fault.Uid));
    }

    [Theory]
    [InlineData(false, 100, TargetKinds.StoragePool)]
    [InlineData(true, 100, TargetKinds.StoragePool)]
    [InlineData(true, 50, TargetKinds.VirtualMachine)]
    public void A_pool_is_the_lowest_fault_where_its_guest_was_paused_for_it(bool active, int used, string kind)
    {
        var paused = Machine("paused", "io-error") with { Pools = [Pool(active, used)], Disks = [Disk("no-space")] };

        Assert.Equal(kind, LayerPolicy.Lowest(Domain, Uuid, paused)!.Target.Kind);
    }

    [Fact]
    public void A_pool_that_fills_up_explains_no_node_whose_guest_runs_or_died_of_something_else()
    {
        var full = new[] { Pool(active: true, used: 100) };

        Assert.Null(LayerPolicy.Lowest(Domain, Uuid, Machine("running", "booted") with { Pools = full }));
        Assert.Equal(Domain, LayerPolicy.Lowest(
            Domain, Uuid, Machine("shutoff", "crashed") with { Pools = full, Events = [Stopped] })!.Target);
    }

    [Theory]
    [InlineData("running", "booted")]
    [InlineData("shutoff", "destroyed")]
    [InlineData("paused", "user")]
    public void What_runs_or_is_off_by_somebodys_intent_is_no_fault_below(string state, string reason) =>
        Assert.Null(LayerPolicy.Lowest(Domain, Uuid, Machine(state, reason)));

    [Fact]
    public void A_failed_copy_of_a_disk_takes_no_node_away()
    {
        var machine = Machine("running", "booted") with
        {
            Events = [new MachineEvent("event/0", Now, MachineEvents.BlockJob, "copy of vda failed")],
        };

        Assert.NotNull(MachineBank.FaultOf(Domain, "uid", machine));
        Assert.Null(LayerPolicy.Lowest(Domain, Uuid, machine));
    }

    [Fact]
    public void A_node_whose_machine_is_at_fault_is_handed_over_with_the_signal_that_the_watch_of_machines_would_send()
    {
        var below = Layers();

        var verdict = LayerPolicy.Judge(Node, [], [below], Now);

        Assert.Equal((LayerCourse.HandOver, Domain), (verdict.Course, verdict.Target!));
        Assert.Equal(("LibvirtDomainCrashed", "hv1", "web"), (
            verdict.Signal!.Alert.Name, verdict.Signal.Target!.Host, verdict.Signal.Target.Name));
        Assert.Contains("n1 is domain web on host hv1", verdict.Reason);
        var bank = new MachineBank();
        Assert.Equal(verdict.Signal.Id, Assert.Single(bank.Look(Domain, below.Fault!.Uid, below.Fault, Now)).Id);
    }

    [Fact]
    public void What_the_settings_do_not_let_the_healer_care_for_takes_no_incident_over() =>
        Assert.Equal(LayerCourse.Stay, LayerPolicy.Judge(Node, [], [Layers() with { IsCaredFor = false }], Now).Course);

    [Fact]
    public void A_node_that_is_ready_is_nobody_elses_and_so_is_one_with_a_healthy_machine()
    {
        Assert.Equal(LayerCourse.Stay, LayerPolicy.Judge(Node, [], [Layers() with { Ready = true }], Now).Course);
        Assert.Equal(LayerCourse.Stay, LayerPolicy.Judge(Node, [], [Layers() with { Fault = null }], Now).Course);
        Assert.Equal(LayerCourse.Stay, LayerPolicy.Judge(Node, [], [], Now).Course);
    }

    [Fact]
    public void A_machine_that_is_being_healed_takes_its_node_over_and_one_that_boots_is_waited_for()
    {
        var healing = LayerPolicy.Judge(Node, [], [Layers() with { Fault = null, OpenIncident = "incident-a-1" }], Now);
        var early = LayerPolicy.Judge(Node, [], [Layers() with { Fault = null, Undecided = "it was started a moment ago" }], Now);

        Assert.Equal((LayerCourse.HandOver, "incident-a-1"), (healing.Course, healing.IncidentId));
        Assert.Null(healing.Signal);
        Assert.Equal(LayerCourse.Wait, early.Course);
        Assert.Contains("started a moment ago", early.Reason);
    }

    [Theory]
    [InlineData("shutoff", "destroyed", "somebody ended it")]
    [InlineData("shutoff", "saved", "somebody stopped it")]
    [InlineData("shutoff", "shutdown", "shut down in order")]
    [InlineData("paused", "user", "somebody's intent")]
    public void A_node_whose_machine_somebody_stopped_is_left_alone_with_that_reason(string state, string reason, string expected)
    {
        var meant = LayerPolicy.Meant(Machine(state, reason));

        var verdict = LayerPolicy.Judge(Node, [], [Layers() with { Fault = null, Meant = meant }], Now);

        Assert.Equal(LayerCourse.Leave, verdict.Course);
        Assert.Contains(expected, verdict.Reason);
        Assert.Equal(LayerCourse.Stay, LayerPolicy.Judge(
            Deployment, [Pod("a", "n1")], [Layers() with { Fault = null, Meant = meant }], Now).Course);
    }

    [Theory]
    [InlineData("running", "booted")]
    [InlineData("shutoff", "crashed")]
    [InlineData("shutoff", "migrated")]
    public void What_runs_has_failed_or_went_to_another_host_was_not_stopped_by_intent(string state, string reason) =>
        Assert.Null(LayerPolicy.Meant(Machine(state, reason)));

    [Fact]
    public void What_the_healer_stopped_itself_or_what_nobody_is_known_to_have_stopped_is_no_intent_either()
    {
        var off = Machine("shutoff", "destroyed");
        var forgotten = Machine("shutoff", "unknown");

        Assert.Null(LayerPolicy.Meant(off with { Domain = off.Domain! with { Operation = new OperationMark("incident-1/1", 4, true) } }));
        Assert.Null(LayerPolicy.Meant(forgotten with { Domain = forgotten.Domain! with { Desired = null } }));
        Assert.NotNull(LayerPolicy.Meant(forgotten with { Domain = forgotten.Domain! with { Desired = "stopped" } }));
    }

    [Theory]
    [InlineData("n1", "n1", LayerCourse.HandOver)]
    [InlineData("n1", "n2", LayerCourse.Stay)]
    [InlineData("n1", null, LayerCourse.Stay)]
    public void A_workload_is_handed_over_only_when_all_its_troubles_lie_on_such_nodes(string first, string? second, LayerCourse expected)
    {
        var pods = new[] { Pod("a", first), Pod("b", second), Pod("c", "n3") with { Ready = true } };

        var verdict = LayerPolicy.Judge(Deployment, pods, [Layers()], Now);

        Assert.Equal(expected, verdict.Course);
    }

    [Fact]
    public void What_nobody_can_tell_yet_is_said()
    {
        var silent = Machine("unknown", "unknown") with { Domain = null, Host = Host with { Reachable = false, LastSeenAt = Now } };

        Assert.NotNull(LayerPolicy.Undecided(Domain, silent));
        Assert.Null(LayerPolicy.Undecided(Domain, Machine("running", "booted")));
    }

    private static MachineEvent Stopped => new("event/0", Now.AddMinutes(-1), MachineEvents.Stopped, "failed");

    private static HypervisorEvidence Host => new("host/hv1", "hv1", true, null, Now, null, null, null, null, 1, 1, null);

    private static NodeLayers Layers() => new(
        "layer/n1", "n1", false, new NodeMapping("n1", MappingKind.Known, MappingWay.SystemUuid, "hv1", "web", Uuid, "its system UUID"))
    {
        IsCaredFor = true,
        Fault = LayerPolicy.Lowest(Domain, Uuid, Machine("shutoff", "crashed") with { Events = [Stopped] }),
    };

    private static MachineEvidence Machine(string state, string reason) => new(Now, Host)
    {
        Domain = new DomainEvidence(
            "domain/web", Uuid, "web", state, reason, state is "shutoff" ? null : 4, true, "running", "destroy", 1, 1024, 1024, 4,
            Now.AddMinutes(-5), null, null)
        {
            AgentAnswers = state == "running" ? true : null,
        },
    };

    private static PoolEvidence Pool(bool active, int used) =>
        new("pool/images", "images", active, active ? "running" : "inactive", "/images", 100L << 30, (long)used << 30, (100L - used) << 30);

    private static DiskEvidence Disk(string error) => new("disk/vda", "vda", "/images/web.qcow2", true, error, "pool/images", null, null);

    private static PodEvidence Pod(string name, string? node) =>
        new($"pod/{name}", name, "rs", "Running", null, false, false, node, Now.AddHours(-1), []);
}
