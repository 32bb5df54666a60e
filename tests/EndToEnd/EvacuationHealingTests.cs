using System.Text.Json.Nodes;
using static Heal.EndToEnd.Tests.LibvirtHealer;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// The whole app with the shipped workflows and two real hosts, of which the first one's libvirtd is killed: an incident opens and waits
/// for a person, who agrees over HTTP; then it depends on what the witnesses can prove. The guest's disk lies where both hosts have it.
/// </summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(MachineHealingTests))]
public sealed class EvacuationHealingTests : IAsyncLifetime
{
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act' ha='restart'/></metadata>";

    private readonly string _name = $"dead-{Guid.NewGuid():n}"[..14];
    private readonly string _shared;
    private readonly string _way;
    private LibvirtHealer _heal = null!;

    public EvacuationHealingTests() =>
        (_shared, _way) = (Path.Combine(LibvirtRig.Guests, _name), Path.Combine(LibvirtRig.Guests, $"{_name}.way"));

    // The usual way to the first host can be cut; libvirtd and its own socket stay what they are.
    private static string Socket => LibvirtRig.Uri.Split("socket=")[1];

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_shared);
        File.CreateSymbolicLink(_way, Socket);
        await LibvirtRig.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", $"{_shared}/disk.qcow2", "64M");
        foreach (string uri in (string[])[LibvirtRig.Uri, LibvirtRig.Uri2])
        {
            await LibvirtRig.VirshAsync(uri, "pool-create-as", _name, "dir", "--target", _shared);
        }

        _heal = await LibvirtHealer.CreateAsync(_name, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__hv1__Uri"] = LibvirtRig.Uri.Replace(Socket, _way, StringComparison.Ordinal),
            ["Heal__Libvirt__Hosts__hv1__BreakFor"] = "00:00:01",
            ["Heal__Libvirt__Hosts__hv2__Uri"] = LibvirtRig.Uri2,
            ["Heal__Machines__Autonomy"] = "Act",
            ["Heal__Machines__HostDownAfter"] = "00:00:05",
            ["Heal__Machines__CommittedPercent"] = "1000",
            ["Heal__Machines__PoolFullPercent"] = "100",
            ["Heal__Machines__Fencing__Key"] = Convert.ToBase64String([.. Guid.NewGuid().ToByteArray(), .. Guid.NewGuid().ToByteArray()]),
            ["Heal__Machines__Fencing__Hosts__hv1__HypervisorUri"] = LibvirtRig.Uri,
            ["Heal__Machines__Fencing__SharedStorage__0__Path"] = _shared,
            ["Heal__Machines__Fencing__SharedStorage__0__Here"] = _shared,
            // this machine may be as full as it is: a guest of a test is small
            ["Heal__Vms__HostMemoryReserveMib"] = "0",
            ["Heal__Vms__CpuOvercommit"] = "100",
            ["Heal__Vms__PoolMarginPercent"] = "0",
        });
    }

    [Fact]
    public async Task A_dead_hosts_guest_runs_elsewhere_once_after_a_person_agreed_and_the_old_copy_is_proven_dead()
    {
        await StartAsync();
        await LibvirtRig.FailAsync("kill-daemon", 1);
        string id = await _heal.WaitsForApprovalAsync("host_evacuate");
        Assert.Equal(0L, await _heal.Database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));

        // libvirtd is back, and only the second way leads to it: the app's own stays cut.
        File.Delete(_way);
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await _heal.ApproveAsync(id);
        JsonObject incident = await EndedAsync(id);

        // People are called though all went well: the host is still dead.
        Assert.True(("Escalated", "HypervisorDown") == OutcomeOf(incident), $"{incident}\n{_heal.App.Log}");
        string[] actions = [.. incident["outcome"]!["actions"]!.AsArray().Select(action => $"{action!["actionId"]} {action["status"]}")];
        // the settings have no command for the gentler one
        Assert.True(actions is ["restart_libvirtd Refused", "host_evacuate Applied"], $"{incident}\n{_heal.App.Log}");
        await LibvirtRig.SeesOnConsoleAsync(_name, Userspace, times: 2);
        Assert.Equal("running", await LibvirtRig.VirshAsync(LibvirtRig.Uri2, "domstate", _name));
        Assert.Equal("shut off (destroyed)", await LibvirtRig.VirshAsync(LibvirtRig.Uri, "domstate", "--reason", _name));
        Assert.Equal("host_evacuate Applied", await _heal.Database.QueryAsync<string>(
            "SELECT string_agg(action_id || ' ' || status, ',') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%'"));
        Assert.Equal("hypervisor,disk-locks", await _heal.Database.QueryAsync<string>(
            "SELECT string_agg(proof->'Statement'->>'Witness', ',') FROM heal.machine_move, jsonb_array_elements(proofs) AS proof"));
    }

    [Fact]
    public async Task A_guest_that_nobody_can_prove_dead_is_not_started_elsewhere_though_a_person_agreed_and_people_are_told_why()
    {
        await StartAsync();
        // nobody can tell: libvirtd is gone, and the guest goes on
        await LibvirtRig.FailAsync("kill-daemon", 1);
        string id = await _heal.WaitsForApprovalAsync("host_evacuate");
        await _heal.ApproveAsync(id);
        JsonObject incident = await EndedAsync(id);

        Assert.True(("Escalated", "HypervisorDown") == OutcomeOf(incident), $"{incident}\n{_heal.App.Log}");
        string told = await _heal.Database.QueryAsync<string>("SELECT bundle::text FROM heal.hand_off");
        Assert.Contains("not proven dead", told);
        Assert.Contains("somebody writes to", told);
        Assert.DoesNotContain(_name, await LibvirtRig.VirshAsync(LibvirtRig.Uri2, "list", "--all", "--name"));
        await LibvirtRig.FailAsync("restart-daemon", 1);
        Assert.Equal("running", await LibvirtRig.VirshAsync(LibvirtRig.Uri, "domstate", _name));
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_name, Userspace));
    }

    public async Task DisposeAsync()
    {
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await _heal.DisposeAsync();
        foreach (string uri in (string[])[LibvirtRig.Uri, LibvirtRig.Uri2])
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "pool-destroy", _name);
        }

        File.Delete(_way);
        Directory.Delete(_shared, recursive: true);
    }

    // The app knows how the guest would be started, has seen from here that its emulator holds the disk, and has heard which machine that
    // host is.
    private async Task StartAsync()
    {
        await _heal.StartAsync(new Guest { Disk = $"{_shared}/disk.qcow2", Metadata = Mark, TakesCommands = false });
        await _heal.UntilAsync(async () => await _heal.Database.QueryAsync<long>(
            "SELECT count(*) FROM heal.machine_definition JOIN heal.hypervisor USING (host) "
            + "WHERE locks_seen_at IS NOT NULL AND identity IS NOT NULL") == 1);
    }

    private Task<JsonObject> EndedAsync(string id) => _heal.EndedAsync(incident => (string?)incident["id"] == id);
}
