using System.Diagnostics;
using Heal.Drivers.Libvirt;
using Heal.Healing;
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
    private readonly MachineFacts _facts;
    private ServiceProvider _services = null!;
    private MachineTools _tools = null!;

    public RealEvacuationTests(MachineStore store)
    {
        _store = store;
        _shared = Path.Combine(LibvirtRig.Guests, _name);
        _way = Path.Combine(LibvirtRig.Guests, $"{_name}.way");
        var direct = LibvirtRig.Uri.Split("socket=")[1];
        _facts = new MachineFacts(
            new Dictionary<string, string?>
            {
                // The usual way to the first host can be cut; libvirtd and its own socket stay what they are.
                ["Hosts:hv1:Uri"] = LibvirtRig.Uri.Replace(direct, _way, StringComparison.Ordinal),
                ["Hosts:hv1:BreakFor"] = "00:00:01",
                ["Hosts:hv2:Uri"] = LibvirtRig.Uri2,
            },
            store.ConnectionString,
            new MachineOptions
            {
                Autonomy = Autonomy.Act,
                Fencing = new MachineFencingOptions
                {
                    Key = Convert.ToBase64String(Guid.NewGuid().ToByteArray().Concat(Guid.NewGuid().ToByteArray()).ToArray()),
                    SharedStorage = [new SharedStorageOptions { Path = _shared, Here = _shared }],
                    Hosts = { ["hv1"] = new HostFencingOptions { HypervisorUri = LibvirtRig.Uri } },
                },
            });
        File.CreateSymbolicLink(_way, direct);
    }

    private ILibvirtHost Old => _tools.Hosts.Find("hv1")!;

    private ILibvirtHost New => _tools.Hosts.Find("hv2")!;

    public async Task InitializeAsync()
    {
        _services = _facts.Connect();
        _tools = _facts.Tools(_services, _store.Memory);
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
        var inventory = await BootAsync();
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

    [Fact]
    public async Task A_guest_is_fenced_once_and_started_once_over_a_death_at_each_point()
    {
        var inventory = await BootAsync();
        await using var here = await LibvirtEvents.ListenAsync(LibvirtRig.Uri);
        await using var there = await LibvirtEvents.ListenAsync(LibvirtRig.Uri2);
        File.Delete(_way);
        await inventory.LookAtAllAsync(CancellationToken.None);
        var request = RequestOf("host_evacuate", Hypervisor, "death");
        string[] points =
        [
            "before intend", "after intend", "after DestroyAsync", "after DefineAsync", "after StartAsync", "after SetMetadataAsync",
            "before confirm",
        ];

        foreach (var point in points) await new DoomedMachineAction(_facts, request, point).DieAsync();
        var result = await RunAsync(request);
        var again = await RunAsync(request);

        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
        Assert.True(result.IsApplied, result.Detail);
        Assert.Equal(result, again);
        Assert.Equal((1, 0), (await here.CountAsync(_name, "Stopped Destroyed"), await here.CountAsync(_name, "Started")));
        Assert.Equal((1, 0), (await there.CountAsync(_name, "Started Booted"), await there.CountAsync(_name, "Stopped")));
        var row = await _store.Store.FindOperationAsync(request.Key, CancellationToken.None);
        Assert.Equal((OperationState.Confirmed, ActionStatus.Applied), (row!.State, row.Status!.Value));
        Assert.NotNull(row.PostImage);
        var move = Assert.Single(await _store.Memory.MovesOfHostAsync("hv1", CancellationToken.None), item => item.Name == _name);
        Assert.Equal((request.Key, "hv2"), (move.Key, move.Destination));
        Assert.NotEmpty(move.Proofs);
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

    // It runs on the first host, and is remembered.
    private async Task<HostInventory> BootAsync()
    {
        const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act' ha='restart'/></metadata>";
        await Old.Domains.DefineAsync(LibvirtRig.Domain(
            _name, _uuid, new Guest { Disk = $"{_shared}/disk.qcow2", Metadata = Mark, TakesCommands = false }));
        await Old.Domains.StartAsync(_uuid);
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE");
        var inventory = new Inventories(_tools).Of(Old, new MachineBank());
        await inventory.LoadAsync(CancellationToken.None);
        await inventory.LookAtAllAsync(CancellationToken.None);
        return inventory;
    }

    private ActionRequest RequestOf(string id, TargetReference target, string key) => new(
        $"{_name}/{key}", _name, id, target,
        ActionParameters.Complete(MachineRecipes.Find(id).Descriptor, new Dictionary<string, string>()), 0, "");

    private Task<ActionResult> RunAsync(string id, TargetReference target, string key) => RunAsync(RequestOf(id, target, key));

    private Task<ActionResult> RunAsync(ActionRequest request)
    {
        var action = new RecipeAction(
            MachineRecipes.Find(request.ActionId),
            new ActionTools(new AbsentCluster(), _store.Store, new Rig.Allowed(), TimeProvider.System, null, _tools));
        return DoomedMachineAction.ToTheEndAsync(() => action.RunAsync(request, CancellationToken.None));
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
