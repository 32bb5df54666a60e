using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>Machines whose disk is a full copy of an image, with every failure and every kill that a host in memory can be put
/// through.</summary>
public sealed class CopyVmTests
{
    private const string Json = """
        { "vcpus": 1, "memory": "1GiB",
          "disks": [{ "pool": "default", "size": "8GiB", "copyOf": { "pool": "images", "volume": "golden.qcow2" } }] }
        """;

    private static readonly byte[] Contents = [1, 2, 3];
    private static readonly BlueprintDisk Disk = VmSaga.Blueprint(Json).Disks[0];

    [Fact]
    public async Task A_copy_is_as_large_as_wanted_and_depends_on_nothing()
    {
        var saga = Saga();
        var outcome = await saga.CreateAsync(VmSaga.Blueprint(Json));

        Assert.True(outcome.Kind == VmOutcomeKind.Created, outcome.Detail);
        AssertWhole(saga);
        Assert.Contains(saga.Statuses, status => status is VmProgress progress && progress.Step == $"copy golden.qcow2 to {Disk.Volume}");
        Assert.Equal(VmOutcomeKind.AlreadyThere, (await saga.CreateAsync(VmSaga.Blueprint(Json))).Kind);
        Assert.Equal(1, saga.Host.Calls("CopyVolume"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_before_or_after_whatever_call_the_copy_is_whole(bool afterEffect)
    {
        var counted = Saga(new HookedHost.Plan(null));
        await counted.CreateAsync(VmSaga.Blueprint(Json));
        Assert.InRange(counted.Plan.Calls, 20, 200);
        for (var at = 1; at <= counted.Plan.Calls; at++)
        {
            var saga = Saga(new HookedHost.Plan(() => new KilledException(), at, afterEffect));
            var outcome = await saga.CreateAsync(VmSaga.Blueprint(Json));

            Assert.True(outcome.Kind == VmOutcomeKind.Created, $"call {at} ({saga.Plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            AssertWhole(saga);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_write_is_refused_nothing_is_left_behind(bool afterEffect)
    {
        var counted = Saga(new HookedHost.Plan(null, writesOnly: true));
        await counted.CreateAsync(VmSaga.Blueprint(Json));
        for (var at = 1; at <= counted.Plan.Calls; at++)
        {
            var saga = Saga(new HookedHost.Plan(
                () => new LibvirtException("kvm-a", 38, 18, "No space"), at, afterEffect, writesOnly: true));
            var outcome = await saga.CreateAsync(VmSaga.Blueprint(Json));

            if (outcome.Kind == VmOutcomeKind.Created)
            {
                AssertWhole(saga); // a step that is seen to be done is done, whatever was answered
                continue;
            }

            Assert.True(outcome.Kind == VmOutcomeKind.RolledBack, $"write {at} ({saga.Plan.Struck}): {outcome.Kind}, {outcome.Detail}");
            Assert.Empty(saga.Host.Pools[VmSaga.Pool].Files);
            Assert.True(saga.Host.Pools["images"].Files.ContainsKey("golden.qcow2"));
        }
    }

    [Fact]
    public async Task Half_a_copy_of_an_earlier_attempt_is_made_again_when_its_writer_has_ended()
    {
        var saga = Saga();
        LeaveHalfACopy(saga);
        saga.Host.Pools[VmSaga.Pool].Writing.Add(Disk.Volume);

        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync(VmSaga.Blueprint(Json))).Kind);

        AssertWhole(saga);
    }

    [Fact]
    public async Task Half_a_copy_goes_with_a_creation_that_fails_and_is_never_left_without_its_mark()
    {
        var saga = Saga();
        LeaveHalfACopy(saga);
        saga.Host.Fail("Define", new LibvirtException("kvm-a", 92, 20, "no"));
        Assert.Equal(VmOutcomeKind.RolledBack, (await saga.CreateAsync(VmSaga.Blueprint(Json))).Kind);
        Assert.Empty(saga.Host.Pools[VmSaga.Pool].Files);

        LeaveHalfACopy(saga);
        saga.Host.Fail("DeleteVolume", new LibvirtForbiddenException("kvm-a", 29, 18, "access denied"), times: 100);
        Assert.Equal(VmOutcomeKind.LeftBehind, (await saga.DeleteAsync()).Kind);
        Assert.True(saga.Host.Pools[VmSaga.Pool].Files.ContainsKey(VmIdentity.CopyMark(Disk.Volume)));
    }

    [Fact]
    public async Task A_volume_that_was_kept_is_not_written_over()
    {
        var saga = Saga();
        saga.Host.Pools.AddVolume(VmSaga.Pool, Disk.Volume, 1 << 20, 8L << 30);
        saga.Host.Pools[VmSaga.Pool].Content[Disk.Volume] = [9];

        Assert.Equal(VmOutcomeKind.Created, (await saga.CreateAsync(VmSaga.Blueprint(Json))).Kind);

        Assert.Equal([9], saga.Host.Pools[VmSaga.Pool].Content[Disk.Volume]);
        Assert.Equal(0, saga.Host.Calls("CopyVolume"));
    }

    private static VmSaga Saga(HookedHost.Plan? plan = null)
    {
        var saga = new VmSaga(plan);
        saga.Host.Pools.AddVolume("images", "golden.qcow2", 1L << 30, 3L << 30);
        saga.Host.Pools["images"].Content["golden.qcow2"] = Contents;
        return saga;
    }

    // As a daemon leaves it that was killed in the middle.
    private static void LeaveHalfACopy(VmSaga saga)
    {
        saga.Host.Pools.AddVolume(VmSaga.Pool, Disk.Volume, 1 << 20, 3L << 30);
        saga.Host.Pools.AddVolume(VmSaga.Pool, VmIdentity.CopyMark(Disk.Volume), 0, 4096);
        saga.Host.Pools[VmSaga.Pool].Content[Disk.Volume] = [1];
    }

    private static void AssertWhole(VmSaga saga)
    {
        var made = Assert.Single(saga.Host.Pools[VmSaga.Pool].Files.Values);
        Assert.Equal((Disk.Volume, 8L << 30, null), (made.Name, made.Capacity, made.BackingPath));
        Assert.Equal(Contents, saga.Host.Pools[VmSaga.Pool].Content[Disk.Volume]);
        Assert.Equal(DomainState.Running, saga.Host.Guests["web-1"].State);
    }
}
