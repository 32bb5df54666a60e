using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A host on which somebody works: no alarm, no guest, and everybody sees who and since when.</summary>
public sealed class MaintenanceTests(MachineStore store) : IClassFixture<MachineStore>
{
    [Fact]
    public async Task It_shows_who_and_since_when_and_its_inverse_ends_it()
    {
        var rig = new MachineRig(store);
        var (target, request) = On(rig, ("by", "ann"), ("reason", "new disks"));
        var action = rig.Action("host_maintenance_on");

        var result = await action.RunAsync(request, CancellationToken.None);
        var again = await action.RunAsync(request, CancellationToken.None);
        var seen = (await rig.CollectAsync(target)).Machine!.Host.Maintenance!;
        var undone = await action.UndoAsync(
            new UndoRequest($"{request.Key}/undo", request.Key, request.IncidentId, request.ActionId, target), CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(result.Detail, again.Detail);
        Assert.Equal(("ann", "new disks", null), (seen.By, seen.Reason, seen.Until));
        Assert.InRange(seen.Since, rig.Time.GetUtcNow().AddMinutes(-1), rig.Time.GetUtcNow());
        Assert.True(undone.IsApplied, undone.Detail);
        Assert.Null((await rig.CollectAsync(target)).Machine!.Host.Maintenance);
    }

    [Fact]
    public async Task A_second_one_is_refused_and_names_the_first_and_anybody_may_end_it()
    {
        var rig = new MachineRig(store);
        var (target, request) = On(rig, ("by", "ann"));
        await rig.Action("host_maintenance_on").RunAsync(request, CancellationToken.None);

        var second = await rig.Action("host_maintenance_on").RunAsync(request with { Key = "second" }, CancellationToken.None);
        var off = rig.Request("host_maintenance_off", target);
        var ended = await rig.Action("host_maintenance_off").RunAsync(off, CancellationToken.None);
        var nothing = await rig.Action("host_maintenance_off").RunAsync(off with { Key = "nothing" }, CancellationToken.None);

        Assert.Equal(ActionStatus.Refused, second.Status);
        Assert.Contains("by ann", second.Detail, StringComparison.Ordinal);
        Assert.True(ended.IsApplied, ended.Detail);
        Assert.Equal(ActionStatus.Refused, nothing.Status);
    }

    [Fact]
    public async Task It_ends_by_itself_after_the_time_that_was_asked_for()
    {
        var rig = new MachineRig(store);
        var (target, request) = On(rig, ("for", "2h"));
        await rig.Action("host_maintenance_on").RunAsync(request, CancellationToken.None);
        var before = (await rig.CollectAsync(target)).Machine!.Host.Maintenance;
        rig.Time.Leap(TimeSpan.FromMinutes(121));

        var after = (await rig.CollectAsync(target)).Machine!.Host.Maintenance;
        var next = await rig.Action("host_maintenance_on").RunAsync(request with { Key = "next" }, CancellationToken.None);

        Assert.NotNull(before!.Until);
        Assert.Null(after);
        Assert.True(next.IsApplied, next.Detail);
    }

    [Fact]
    public async Task A_silent_host_raises_no_alarm_and_one_whose_maintenance_ended_does()
    {
        var rig = new MachineRig(store);
        await rig.LookAsync();
        var (target, request) = On(rig);
        rig.Host.StopDaemon();
        var result = await rig.Action("host_maintenance_on").RunAsync(request, CancellationToken.None);
        rig.Time.Leap(TimeSpan.FromMinutes(5));

        var quiet = await rig.LookAsync();
        await rig.Action("host_maintenance_off").RunAsync(rig.Request("host_maintenance_off", target), CancellationToken.None);
        var loud = await rig.LookAsync();

        Assert.True(result.IsApplied, result.Detail);
        Assert.Empty(quiet);
        Assert.Equal("LibvirtdUnresponsive", Assert.Single(loud).Alert.Name);
    }

    [Fact]
    public async Task No_guest_is_brought_to_it()
    {
        var rig = await EvacuationRig.DeadAsync(store, "web");
        var spare = new TargetReference(rig.Spare.Name, TargetKinds.Hypervisor, "", rig.Spare.Name);
        await rig.Rig.Action("host_maintenance_on").RunAsync(
            rig.Rig.Request("host_maintenance_on", spare, ("by", "ann")), CancellationToken.None);

        var evacuated = await rig.RunAsync();
        rig.Dead.StartDaemon();
        var moved = await rig.Rig.Action("vm_live_migrate").RunAsync(rig.Rig.Request("vm_live_migrate"), CancellationToken.None);

        foreach (var result in (ActionResult[])[evacuated, moved])
        {
            Assert.Equal(ActionStatus.Refused, result.Status);
            Assert.Contains("in maintenance since", result.Detail, StringComparison.Ordinal);
        }

        rig.AssertNothingOnSpare("web");
    }

    [Theory]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData("before confirm")]
    [InlineData("after confirm")]
    public async Task A_kill_leaves_one_maintenance(string point)
    {
        var rig = new MachineRig(store);
        var (target, request) = On(rig, ("by", "ann"));
        await Assert.ThrowsAsync<KilledException>(() =>
            rig.Action("host_maintenance_on", new KilledStore(store.Store, point)).RunAsync(request, CancellationToken.None));

        var result = await rig.Action("host_maintenance_on").RunAsync(request, CancellationToken.None);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal("ann", (await rig.CollectAsync(target)).Machine!.Host.Maintenance!.By);
    }

    private static (TargetReference Target, ActionRequest Request) On(MachineRig rig, params (string Name, string Value)[] parameters)
    {
        var target = new TargetReference(rig.Host.Name, TargetKinds.Hypervisor, "", rig.Host.Name);
        return (target, rig.Request("host_maintenance_on", target, parameters));
    }
}
