using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>A host whose guests lie on storage that another host has too, with a second way to it, and the healer that has seen
/// it.</summary>
internal sealed class EvacuationRig
{
    private static int _made;

    private readonly MachineStore _store;

    private EvacuationRig(MachineStore store)
    {
        _store = store;
        Spare = new FakeLibvirtHost($"spare{Interlocked.Increment(ref _made)}");
        Rig = new MachineRig(store, Spare);
    }

    public MachineRig Rig { get; }

    public FakeLibvirtHost Dead => Rig.Host;

    public FakeLibvirtHost Spare { get; }

    public TargetReference Target => new(Dead.Name, TargetKinds.Hypervisor, "", Dead.Name);

    /// <summary>The guests ran when the host was last seen, and it does not answer any more.</summary>
    public static async Task<EvacuationRig> DeadAsync(MachineStore store, params string[] guests)
    {
        var made = new EvacuationRig(store);
        made.Configure();
        foreach (var guest in guests) made.Add(guest);
        await made.Rig.LookAsync();
        made.Dead.StopDaemon();
        return made;
    }

    public FakeGuest Add(string name, string mark = "desired='running' autonomy='act' ha='restart'", string bus = "virtio")
    {
        foreach (var host in (FakeLibvirtHost[])[Dead, Spare]) host.Pools.AddVolume("shared", $"{name}.qcow2", 1L << 28);
        return Dead.Guests.Add(name, xml: $"""
            <domain type='qemu'><name>{name}</name><uuid>{Guid.NewGuid()}</uuid><memory unit='KiB'>262144</memory><vcpu>1</vcpu>
            <metadata><heal:vm xmlns:heal='urn:heal:vm:1' {mark}/></metadata><devices><disk type='file' device='disk'>
            <driver name='qemu' type='qcow2'/><source file='/shared/{name}.qcow2'/><target dev='vda' bus='{bus}'/></disk></devices></domain>
            """);
    }

    public ActionRequest Request(params (string Name, string Value)[] parameters) => Rig.Request("host_evacuate", Target, parameters);

    public Task<ActionResult> RunAsync(ActionRequest? request = null, IHealStore? store = null) =>
        Rig.Action("host_evacuate", store).RunAsync(request ?? Request(), CancellationToken.None);

    public Task<IReadOnlyList<MachineMove>> MovesAsync() => _store.Memory.MovesOfHostAsync(Dead.Name, CancellationToken.None);

    public void AssertRunsOnceOnSpare(string guest)
    {
        Assert.False(Dead.Guests.Has(guest) && Dead.Guests[guest].Runs, $"{guest} still runs on its old host");
        Assert.Equal((DomainState.Running, 1), (Spare.Guests[guest].State, Spare.Guests[guest].Boot));
    }

    public void AssertNothingOnSpare(string guest) => Assert.False(Spare.Guests.Has(guest));

    private void Configure()
    {
        foreach (var host in (FakeLibvirtHost[])[Dead, Spare]) host.Pools.Add("shared", 1L << 40, "/shared");
        Rig.Connector.Ways[$"fake://way/{Dead.Name}"] = Dead;
        var fencing = Rig.Options.Fencing;
        fencing.Key = Convert.ToBase64String(Enumerable.Repeat((byte)9, 32).ToArray());
        fencing.SharedStorage.Add(new SharedStorageOptions { Path = "/shared", Here = "/here" });
        fencing.Hosts[Dead.Name] = new HostFencingOptions { HypervisorUri = $"fake://way/{Dead.Name}" };
    }
}
