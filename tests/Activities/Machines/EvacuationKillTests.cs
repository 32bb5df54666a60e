using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A process that dies at any point of an evacuation: each guest runs once, on one host, all the same.</summary>
public sealed class EvacuationKillTests(MachineStore store) : IClassFixture<MachineStore>
{
    public static TheoryData<string, string, bool> Calls
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (var afterEffect in (bool[])[false, true])
            {
                foreach (var call in (string[])["SetAutostart", "Destroy"]) data.Add("old", call, afterEffect);
                foreach (var call in (string[])["Define", "Start", "SetMetadata", "Find", "GetMetadata", "GetStats"])
                {
                    data.Add("new", call, afterEffect);
                }
            }

            return data;
        }
    }

    [Theory]
    [InlineData("before intend")]
    [InlineData("after intend")]
    [InlineData("before confirm")]
    [InlineData("after confirm")]
    public async Task A_kill_at_the_ledger_leaves_each_guest_once(string point)
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        var request = rig.Request();
        await Assert.ThrowsAsync<KilledException>(() => rig.RunAsync(request, new KilledStore(store.Store, point)));

        await AssertEndsAsync(rig, request);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_kill_at_any_call_leaves_each_guest_once(string host, string call, bool afterEffect)
    {
        var rig = await EvacuationRig.DeadAsync(store);
        rig.Dead.StartDaemon();
        rig.Add("app").Autostart = true;
        rig.Add("web").Autostart = true;
        await rig.Rig.LookAsync();
        rig.Dead.StopDaemon();
        var request = rig.Request();
        (host == "old" ? rig.Dead : rig.Spare).Fail(call, new KilledException($"at {call}"), afterEffect: afterEffect);
        await Assert.ThrowsAsync<KilledException>(() => rig.RunAsync(request));

        await AssertEndsAsync(rig, request);
    }

    [Fact]
    public async Task A_guest_that_once_came_from_there_is_no_copy_that_was_left_though_its_start_was_never_written_down()
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        var uuid = rig.Dead.Guests["app"].Uuid.ToString();
        var memory = rig.Rig.Tools.Memory;
        await memory.KeepMoveAsync(
            new MachineMove(rig.Spare.Name, uuid, "app", rig.Dead.Name, "earlier", rig.Rig.Time.GetUtcNow(), []), CancellationToken.None);
        var request = rig.Request();
        rig.Spare.Fail("Start", new KilledException("after Start"), afterEffect: true);
        await Assert.ThrowsAsync<KilledException>(() => rig.RunAsync(request));

        await AssertEndsAsync(rig, request);

        Assert.Empty(await memory.MovesOfHostAsync(rig.Spare.Name, CancellationToken.None));
    }

    [Theory]
    [InlineData("Define")]
    [InlineData("Start")]
    [InlineData("SetMetadata")]
    public async Task An_answer_that_never_came_is_looked_for_and_not_asked_for_again(string call)
    {
        var rig = await EvacuationRig.DeadAsync(store, "app", "web");
        var request = rig.Request();
        rig.Spare.TimeOut(call, afterEffect: true);
        await Assert.ThrowsAsync<Drivers.Libvirt.LibvirtTimeoutException>(() => rig.RunAsync(request));

        await AssertEndsAsync(rig, request);
    }

    private static async Task AssertEndsAsync(EvacuationRig rig, ActionRequest request)
    {
        var result = await rig.RunAsync(request);
        var again = await rig.RunAsync(request);

        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(result.Detail, again.Detail);
        foreach (var guest in (string[])["app", "web"])
        {
            rig.AssertRunsOnceOnSpare(guest);
            var mark = await rig.Spare.Guests.GetMetadataAsync(rig.Spare.Guests[guest].Uuid, MachineNames.OperationNamespace);
            Assert.Equal((request.Key, true), (OperationMark.Read(mark)!.Key, OperationMark.Read(mark)!.IsDone));
        }

        Assert.Equal((1, 1), (rig.Dead.Guests["app"].Boot, rig.Dead.Guests["web"].Boot));
        Assert.Equal(2, (await rig.MovesAsync()).Count);
    }
}
