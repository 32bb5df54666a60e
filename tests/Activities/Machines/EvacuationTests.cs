using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Guests of a dead host: started elsewhere once, when it is proven that they are dead, and otherwise not at all.</summary>
public sealed class EvacuationTests(MachineStore store) : IClassFixture<MachineStore>
{
    [Fact]
    public async Task A_guest_that_still_runs_is_ended_by_the_second_way_before_it_is_started_elsewhere()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");

        var result = await rig.RunAsync();

        Assert.True(result.IsApplied, result.Detail);
        Assert.Contains($"web on {rig.Spare.Name}", result.Detail, StringComparison.Ordinal);
        Assert.Equal((DomainState.ShutOff, "destroyed"), (rig.Dead.Guests["web"].State, rig.Dead.Guests["web"].Reason));
        rig.AssertRunsOnceOnSpare("web");
        var move = Assert.Single(await rig.MovesAsync());
        Assert.Equal(rig.Spare.Name, move.Destination);
        Assert.Equal(["Hypervisor", "DiskLocks"], move.Proofs.Select(proof => proof.Statement.Kind.ToString()));
    }

    [Fact]
    public async Task Without_a_witness_nothing_is_started_and_planning_says_so()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        rig.Rig.Options.Fencing.Hosts.Clear();

        var evidence = await rig.Rig.CollectAsync(rig.Target);
        var result = await rig.RunAsync();

        Assert.Contains("no witness", rig.Rig.Action("host_evacuate").Refusal(evidence, rig.Request().Parameters));
        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("Heal:Machines:Fencing:Hosts", result.Detail, StringComparison.Ordinal);
        Assert.True(rig.Dead.Guests["web"].Runs);
        rig.AssertNothingOnSpare("web");
    }

    [Theory]
    [InlineData(true, PlanVerdict.AskFirst, "host_evacuate")]
    [InlineData(false, PlanVerdict.Escalate, null)]
    public async Task A_dead_host_is_for_people_and_they_may_have_its_guests_restarted_where_it_can_be_fenced(
        bool isFenced, PlanVerdict expected, string? action)
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        if (!isFenced) rig.Rig.Options.Fencing.Hosts.Clear();
        rig.Rig.Time.Leap(TimeSpan.FromMinutes(1));
        var evidence = await rig.Rig.CollectAsync(rig.Target);
        ActionDescriptor[] actions = [.. MachineRecipes.All.Select(recipe => recipe.Descriptor)];
        var workflow = WorkflowCatalogue.Load(
            Path.Combine(AppContext.BaseDirectory, "workflows"),
            [.. actions, .. RecipeBook.All.Select(recipe => recipe.Descriptor),
                new RollbackDeployment(null!, null!, null!, TimeProvider.System).Descriptor]).Named("vm-hypervisor");
        var refusals = new Dictionary<string, string>(StringComparer.Ordinal);
        if (rig.Rig.Action("host_evacuate").Refusal(evidence, rig.Request().Parameters) is { } refusal) refusals["host_evacuate"] = refusal;

        var plan = Planner.Decide(new PlanningFacts(
            "LibvirtdUnresponsive", evidence, Diagnostician.Diagnose(evidence, DetectionPolicy.Judge(evidence)), workflow, actions,
            refusals,
            ["restart_libvirtd"], 0, [], new SafetyLimits(), rig.Rig.Time.GetUtcNow()));

        Assert.Equal((expected, action), (plan.Verdict, plan.Action?.Id));
    }

    [Theory]
    [InlineData("no way", "Failed to connect")]
    [InlineData("no key", "Key")]
    [InlineData("other machine", "leads to host")]
    [InlineData("cannot be ended", "refused to die")]
    [InlineData("somebody writes", "somebody writes to /shared/web.qcow2")]
    [InlineData("locks never seen", "never seen from here")]
    public async Task What_is_not_proven_dead_is_not_started_elsewhere(string what, string reason)
    {
        var rig = await EvacuationRig.DeadAsync(store);
        rig.Dead.StartDaemon();
        rig.Rig.Locks.DoNotTravel = what == "locks never seen";
        rig.Add("web");
        await rig.Rig.LookAsync();
        rig.Dead.StopDaemon();
        switch (what)
        {
            case "no way":
                rig.Rig.Connector.Ways.Clear();
                break;
            case "no key":
                rig.Rig.Options.Fencing.Key = "";
                break;
            case "other machine":
                rig.Dead.Info = rig.Dead.Info with { HostUuid = Guid.NewGuid() };
                break;
            case "cannot be ended":
                rig.Dead.Fail("Destroy", rig.Dead.Refusal(38, "it refused to die"));
                break;
            case "somebody writes":
                rig.Rig.Locks.AlsoHeld.Add("/shared/web.qcow2");
                break;
        }

        var result = await rig.RunAsync();

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains(reason, result.Detail, StringComparison.Ordinal);
        Assert.Equal(0, rig.Spare.Calls("Start"));
        rig.AssertNothingOnSpare("web");
        Assert.Empty(await rig.MovesAsync());
    }

    [Fact]
    public async Task A_proof_that_expired_before_the_start_starts_nothing_and_leaves_nothing()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        var held = rig.Spare.Hold("Define");
        var running = rig.RunAsync();
        await held.Entered;
        rig.Rig.Time.Leap(TimeSpan.FromMinutes(3));
        held.Release();

        var result = await running;

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("not proven dead any more", result.Detail, StringComparison.Ordinal);
        Assert.Contains("expired", result.Detail, StringComparison.Ordinal);
        rig.AssertNothingOnSpare("web");
        Assert.Empty(await rig.MovesAsync());
    }

    [Fact]
    public async Task A_host_that_was_seen_alive_meanwhile_makes_the_proof_worthless()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        var held = rig.Spare.Hold("Define");
        var running = rig.RunAsync();
        await held.Entered;
        await store.Memory.KeepHostAsync(rig.Dead.Name, rig.Rig.Time.GetUtcNow().AddSeconds(1), null, CancellationToken.None);
        held.Release();

        var result = await running;

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Contains("seen alive", result.Detail, StringComparison.Ordinal);
        rig.AssertNothingOnSpare("web");
    }

    [Fact]
    public async Task A_host_that_comes_back_keeps_the_rest_of_its_guests()
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        var held = rig.Spare.Hold("Start");
        var running = rig.RunAsync();
        await held.Entered;
        rig.Dead.StartDaemon();
        held.Release();

        var result = await running;

        Assert.True(result.IsApplied, result.Detail);
        Assert.Contains($"web: host {rig.Dead.Name} answers again", result.Detail, StringComparison.Ordinal);
        rig.AssertRunsOnceOnSpare("app");
        rig.AssertNothingOnSpare("web");
        Assert.Equal((1, true), (rig.Dead.Guests["web"].Boot, rig.Dead.Guests["web"].IsUp));
    }

    [Fact]
    public async Task One_that_cannot_be_started_keeps_no_other_waiting_and_is_named()
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        rig.Spare.Guests.MissingFiles.Add("/shared/app.qcow2");
        rig.Dead.Guests.Kill("app");
        var request = rig.Request();

        var result = await rig.RunAsync(request);
        var look = await rig.Rig.Action("host_evacuate").LookAsync(request.Key, rig.Target, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Contains("Not restarted: app: libvirt refused", result.Detail, StringComparison.Ordinal);
        Assert.Equal(VerificationVerdict.Healthy, look.Verdict);
        rig.AssertRunsOnceOnSpare("web");
        rig.AssertNothingOnSpare("app");
        Assert.Equal(["web"], (await rig.MovesAsync()).Select(move => move.Name));
    }

    [Fact]
    public async Task Only_those_that_want_it_are_moved_as_many_as_allowed_and_where_there_is_room()
    {
        var rig = await EvacuationRig.DeadAsync(store);
        rig.Dead.StartDaemon();
        foreach (var name in (string[])["a", "b", "c"]) rig.Add(name);
        rig.Add("d", "desired='running' autonomy='act'");
        rig.Add("e", bus: "usb");
        await rig.Rig.LookAsync();
        rig.Dead.StopDaemon();
        var own = rig.Request(("most", "2"));

        var evidence = await rig.Rig.CollectAsync(rig.Target);
        var result = await rig.RunAsync(own);

        Assert.Equal(4, evidence.Machine!.Evacuation!.Guests.Count(guest => guest.Objection is null));
        Assert.True(result.IsApplied, result.Detail);
        rig.AssertRunsOnceOnSpare("a");
        rig.AssertRunsOnceOnSpare("b");
        Assert.Contains("c: 2 are restarted at most", result.Detail, StringComparison.Ordinal);
        Assert.Contains("d: it does not say", result.Detail, StringComparison.Ordinal);
        Assert.True(rig.Dead.Guests["c"].Runs && rig.Dead.Guests["d"].Runs, "who was not to be moved was ended");
    }

    [Fact]
    public async Task Room_that_one_guest_takes_is_not_given_to_the_next()
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        const long Mib = 1L << 20;
        rig.Spare.Info = rig.Spare.Info with { MemoryBytes = 1400 * Mib, KernelMemoryBytes = 1400 * Mib };

        var result = await rig.RunAsync();

        Assert.True(result.IsApplied, result.Detail);
        rig.AssertRunsOnceOnSpare("app");
        Assert.Contains("web: no host takes it", result.Detail, StringComparison.Ordinal);
        Assert.Contains("memory", result.Detail, StringComparison.Ordinal);
        Assert.True(rig.Dead.Guests["web"].Runs);
    }

    [Fact]
    public async Task A_guest_that_runs_elsewhere_already_is_left_there()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        rig.Spare.Guests.Take(rig.Dead.Guests["web"], running: true);

        var result = await rig.RunAsync();

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Equal(0, rig.Dead.Calls("Destroy"));
    }

    [Fact]
    public async Task A_start_that_was_ordered_before_the_host_died_does_not_come_to_be_when_it_is_back()
    {
        var rig = await EvacuationRig.DeadAsync(store);
        rig.Dead.StartDaemon();
        rig.Add("web");
        await rig.Rig.LookAsync();
        var start = rig.Rig.Request("vm_start");
        await rig.Rig.HearAsync(() => rig.Dead.Guests.Kill("web"));
        await Assert.ThrowsAsync<KilledException>(() =>
            rig.Rig.Action("vm_start", new KilledStore(store.Store, "after intend")).RunAsync(start, CancellationToken.None));
        await store.Memory.KeepMoveAsync(
            new MachineMove(
                rig.Dead.Name, rig.Dead.Guests["web"].Uuid.ToString(), "web", rig.Spare.Name, "other", rig.Rig.Time.GetUtcNow(), []),
            CancellationToken.None);
        rig.Spare.Guests.Take(rig.Dead.Guests["web"], running: false);

        var result = await rig.Rig.Action("vm_start").RunAsync(start, CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.Equal((false, 1), (rig.Dead.Guests["web"].Runs, rig.Dead.Guests["web"].Boot));
    }

    [Fact]
    public async Task A_dry_run_touches_nothing()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");

        var result = await rig.Rig.Action("host_evacuate").DryRunAsync(rig.Request(), CancellationToken.None);

        Assert.Equal(ActionStatus.Rehearsed, result.Status);
        Assert.Contains($"started on host {rig.Spare.Name}", result.Detail, StringComparison.Ordinal);
        Assert.True(rig.Dead.Guests["web"].IsUp);
        rig.AssertNothingOnSpare("web");
    }

    [Fact]
    public async Task When_the_old_host_is_back_it_is_kept_from_starting_its_copy_and_loses_it()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        await rig.RunAsync();
        rig.Dead.StartDaemon();

        var found = await rig.Rig.LookAsync();
        var target = rig.Rig.Target();
        var start = rig.Rig.Request("vm_start", target);
        var remove = rig.Rig.Request("vm_remove_copy", target);
        var started = await rig.Rig.Action("vm_start").RunAsync(start, CancellationToken.None);
        var removed = await rig.Rig.Action("vm_remove_copy").RunAsync(remove, CancellationToken.None);
        await rig.Rig.LookAsync();

        Assert.Contains(found, signal => signal.Alert.Name == "LibvirtDomainLeftCopy");
        Assert.Equal(ActionStatus.Refused, started.Status);
        Assert.Contains("restarted on host", started.Detail, StringComparison.Ordinal);
        Assert.True(removed.IsApplied, removed.Detail);
        Assert.False(rig.Dead.Guests.Has("web"));
        Assert.Contains("/shared/web.qcow2", (await rig.Rig.LedgerAsync(remove))!.PreImage.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(await rig.MovesAsync());
        rig.AssertRunsOnceOnSpare("web");
    }

    [Fact]
    public async Task The_last_copy_that_runs_is_never_removed()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        await rig.RunAsync();
        rig.Dead.StartDaemon();
        rig.Spare.Guests.Kill("web");

        var result = await rig.Rig.Action("vm_remove_copy").RunAsync(rig.Rig.Request("vm_remove_copy"), CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, result.Status);
        Assert.True(rig.Dead.Guests.Has("web"));
    }

    [Fact]
    public async Task A_guest_that_runs_on_both_hosts_is_told_at_once()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        await rig.RunAsync();
        rig.Dead.StartDaemon();
        rig.Dead.Guests.StartByOperator("web");

        Assert.Contains(await rig.Rig.LookAsync(), signal => signal.Alert.Name == "LibvirtDomainRunsTwice");
    }

    [Fact]
    public async Task A_guest_that_was_brought_home_is_its_old_hosts_again()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        await rig.RunAsync();
        rig.Dead.StartDaemon();
        rig.Spare.Guests.DestroyByOperator("web");
        rig.Dead.Guests.StartByOperator("web");
        rig.Rig.Time.Leap(TimeSpan.FromMinutes(11));

        await rig.Rig.LookAsync();

        Assert.Empty(await rig.MovesAsync());
    }

    [Fact]
    public async Task What_a_guest_would_start_from_is_kept_only_while_it_wants_to_be_restarted_and_has_no_password()
    {
        var rig = await EvacuationRig.DeadAsync(store);
        rig.Dead.StartDaemon();
        var guest = rig.Add("web");
        rig.Add("db", "desired='running' autonomy='act' ha='none'");
        await rig.Rig.LookAsync();
        var kept = await KeptAsync();
        guest.Definition.Element("devices")!.Add(new System.Xml.Linq.XElement(
            "graphics", new System.Xml.Linq.XAttribute("type", "vnc"), new System.Xml.Linq.XAttribute("passwd", "*****")));
        await rig.Rig.LookAsync();

        Assert.Equal(guest.Uuid.ToString(), Assert.Single(kept).Uuid);
        Assert.NotNull(kept[0].LocksSeenAt);
        Assert.Empty(await KeptAsync());

        Task<IReadOnlyList<MachineDefinition>> KeptAsync() => store.Memory.DefinitionsOfHostAsync(rig.Dead.Name, CancellationToken.None);
    }
}
