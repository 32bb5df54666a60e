using System.Diagnostics;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Activities.Tests;

/// <summary>A real guest on a real host that does not answer, with its disk on a folder that both hosts have.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealHosts))]
public sealed class RealEvacuationTests : IClassFixture<MachineStore>, IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _name = $"evac-{Guid.NewGuid():n}"[..14];
    private readonly Guid _uuid = Guid.NewGuid();
    private readonly MachineStore _store;
    private readonly string _shared;
    private readonly string _way;
    private readonly ServiceProvider _services;
    private readonly MachineTools _tools;

    public RealEvacuationTests(MachineStore store)
    {
        _store = store;
        _shared = Path.Combine(LibvirtRig.Guests, _name);
        _way = Path.Combine(LibvirtRig.Guests, $"{_name}.way");
        var direct = LibvirtRig.Uri.Split("socket=")[1];
        _services = new ServiceCollection().AddLogging().AddLibvirtHosts(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                // The usual way to the first host can be cut; libvirtd and its own socket stay what they are.
                ["Hosts:hv1:Uri"] = LibvirtRig.Uri.Replace(direct, _way, StringComparison.Ordinal),
                ["Hosts:hv1:BreakFor"] = "00:00:01",
                ["Hosts:hv2:Uri"] = LibvirtRig.Uri2,
            }).Build()).BuildServiceProvider();
        File.CreateSymbolicLink(_way, direct);
        var options = new FixedSettings(new MachineOptions
        {
            Autonomy = Autonomy.Act,
            Fencing = new MachineFencingOptions
            {
                Key = Convert.ToBase64String(Guid.NewGuid().ToByteArray().Concat(Guid.NewGuid().ToByteArray()).ToArray()),
                SharedStorage = [new SharedStorageOptions { Path = _shared, Here = _shared }],
                Hosts = { ["hv1"] = new HostFencingOptions { HypervisorUri = LibvirtRig.Uri } },
            },
        });
        var connector = _services.GetRequiredService<ILibvirtConnector>();
        _tools = new MachineTools(_services.GetRequiredService<ILibvirtHosts>(), store.Memory, options, TimeProvider.System)
        {
            Fencing = new FencingDesk(
                [new HypervisorWitness(connector, store.Memory, options, TimeProvider.System)],
                new DiskLockWitness(_services.GetRequiredService<IImageLocks>(), options, TimeProvider.System), options,
                TimeProvider.System),
            Limits = new PlacementLimits(MemoryReserveBytes: 0, CpuOvercommit: 100, PoolMargin: 0, PoolOvercommit: 1),
        };
    }

    private ILibvirtHost Old => _tools.Hosts.Find("hv1")!;

    private ILibvirtHost New => _tools.Hosts.Find("hv2")!;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_shared);
        await RunAsync("qemu-img", "create", "-q", "-f", "qcow2", $"{_shared}/disk.qcow2", "64M");
        foreach (var host in _tools.Hosts.All)
        {
            await host.Storage.CreatePoolAsync($"<pool type='dir'><name>{_name}</name><target><path>{_shared}</path></target></pool>");
        }
    }

    [Fact]
    public async Task A_guest_of_a_host_that_does_not_answer_is_started_elsewhere_once_it_is_proven_dead_and_not_before()
    {
        const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act' ha='restart'/></metadata>";
        await Old.Domains.DefineAsync(LibvirtRig.Domain(
            _name, _uuid, new Guest { Disk = $"{_shared}/disk.qcow2", Metadata = Mark, TakesCommands = false }));
        await Old.Domains.StartAsync(_uuid);
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE");
        var inventory = new Inventories(_tools).Of(Old, new MachineBank());
        await inventory.LookAtAllAsync(CancellationToken.None);
        var kept = Assert.Single(await _store.Memory.DefinitionsOfHostAsync("hv1", CancellationToken.None));

        // libvirtd is gone, and the guest goes on: nobody can tell.
        await LibvirtRig.FailAsync("kill-daemon", 1);
        var unproven = await RunAsync("host_evacuate", Hypervisor, "unproven");
        var stillHeld = _services.GetRequiredService<IImageLocks>().Look($"{_shared}/disk.qcow2");

        // libvirtd is back, and only the second way leads to it.
        File.Delete(_way);
        await LibvirtRig.FailAsync("restart-daemon", 1);
        var evacuated = await RunAsync("host_evacuate", Hypervisor, "proven");
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
        var there = await New.Domains.FindAsync(_uuid);

        // The way is open again: the old copy is off, and goes.
        File.CreateSymbolicLink(_way, LibvirtRig.Uri.Split("socket=")[1]);
        var found = await UntilAnswersAsync(inventory);
        var here = await Old.Domains.FindAsync(_uuid);
        var removed = await RunAsync("vm_remove_copy", new TargetReference("hv1", TargetKinds.VirtualMachine, "", _name), "copy");

        Assert.NotNull(kept.LocksSeenAt);
        Assert.Equal(ActionStatus.Refused, unproven.Status);
        Assert.True(unproven.Detail.Contains("somebody writes to", StringComparison.Ordinal), unproven.Detail);
        Assert.Equal(ImageLockState.Held, stillHeld.State);
        Assert.True(evacuated.IsApplied, evacuated.Detail);
        Assert.Equal(DomainState.Running, there!.State);
        Assert.Equal((DomainState.ShutOff, "destroyed"), (here!.State, here.Reason));
        Assert.Contains(found, signal => signal.Alert.Name == "LibvirtDomainLeftCopy");
        Assert.True(removed.IsApplied, removed.Detail);
        Assert.Null(await Old.Domains.FindAsync(_uuid));
    }

    public async Task DisposeAsync()
    {
        if (!File.Exists(_way)) File.CreateSymbolicLink(_way, LibvirtRig.Uri.Split("socket=")[1]);
        foreach (var uri in (string[])[LibvirtRig.Uri, LibvirtRig.Uri2])
        {
            await RunAsync("virsh", "-q", "-c", uri, "destroy", _name);
            await RunAsync("virsh", "-q", "-c", uri, "undefine", _name);
            await RunAsync("virsh", "-q", "-c", uri, "pool-destroy", _name);
            await RunAsync("virsh", "-q", "-c", uri, "pool-undefine", _name);
        }

        await _services.DisposeAsync();
        File.Delete(_way);
        File.Delete(LibvirtRig.ConsoleOf(_name));
        Directory.Delete(_shared, recursive: true);
    }

    private static TargetReference Hypervisor => new("hv1", TargetKinds.Hypervisor, "", "hv1");

    // As the engine does it: with the same key until the action says what came of it.
    private async Task<ActionResult> RunAsync(string id, TargetReference target, string key)
    {
        var recipe = MachineRecipes.Find(id);
        var action = new RecipeAction(
            recipe, new ActionTools(new AbsentCluster(), _store.Store, new Rig.Allowed(), TimeProvider.System, null, _tools));
        var request = new ActionRequest(
            $"{_name}/{key}", _name, id, target, ActionParameters.Complete(recipe.Descriptor, new Dictionary<string, string>()), 0, "");
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return await action.RunAsync(request, patience.Token);
            }
            catch (EffectPendingException) when (!patience.IsCancellationRequested)
            {
            }
        }
    }

    // After a connection was lost the driver waits before it opens the next.
    private static async Task<IReadOnlyList<Signal>> UntilAnswersAsync(HostInventory inventory)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var found = await inventory.LookAtAllAsync(patience.Token);
            if (inventory.IsReachable) return found;

            // The driver tells nobody when it will try again.
            await Task.Delay(100, patience.Token);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
    }
}
