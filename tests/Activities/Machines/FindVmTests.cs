using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>Where a machine that was made from a definition is, when more than one host has a copy of it.</summary>
public sealed class FindVmTests(MachineStore store) : IClassFixture<MachineStore>
{
    private readonly string _id = $"web-{Guid.NewGuid():n}"[..12];

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_copy_that_was_left_on_a_dead_host_is_not_taken_for_the_machine(bool oldIsFirst, bool newRuns)
    {
        var (old, spare) = (Host("old"), Host("spare"));
        Add(old, "the old copy", running: false);
        Add(spare, "the machine", newRuns);
        await MovedAsync(old, spare);
        ILibvirtHost[] hosts = oldIsFirst ? [old, spare] : [spare, old];

        var found = await FindVmActivity.SearchAsync(hosts, store.Memory, _id);

        Assert.Equal((spare.Name, "the machine", true), (found.Host, found.Sight.Name, found.Sight.IsOurs));
    }

    [Fact]
    public async Task A_copy_that_was_left_is_found_where_there_is_no_other()
    {
        var (old, spare) = (Host("old"), Host("spare"));
        Add(old, "the old copy", running: false);
        await MovedAsync(old, spare);

        var found = await FindVmActivity.SearchAsync([old, spare], store.Memory, _id);

        Assert.Equal((old.Name, true), (found.Host, found.Sight.IsOurs));
    }

    [Fact]
    public async Task A_machine_that_came_home_is_found_there()
    {
        var (old, spare) = (Host("old"), Host("spare"));
        Add(old, "the machine", running: true);
        await MovedAsync(old, spare);
        await store.Memory.EndMoveAsync(old.Name, Uuid, DateTimeOffset.UtcNow, CancellationToken.None);

        var found = await FindVmActivity.SearchAsync([spare, old], store.Memory, _id);

        Assert.Equal(old.Name, found.Host);
    }

    private string Uuid => VmIdentity.Uuid(_id).ToString();

    private FakeLibvirtHost Host(string name) => new($"{name}-{_id}");

    private void Add(FakeLibvirtHost host, string name, bool running) => host.Guests.Add(name, running, xml: $"""
        <domain type='qemu'><name>{name}</name><uuid>{Uuid}</uuid><memory unit='KiB'>131072</memory><vcpu>1</vcpu>
        <metadata><heal:vm xmlns:heal='{VmMark.Namespace}' definition='{_id}'/></metadata><devices/></domain>
        """);

    private Task MovedAsync(FakeLibvirtHost from, FakeLibvirtHost to) => store.Memory.KeepMoveAsync(
        new MachineMove(from.Name, Uuid, _id, to.Name, "operation", DateTimeOffset.UtcNow, []), CancellationToken.None);
}
