using System.Text.Json.Nodes;
using static Heal.EndToEnd.Tests.LibvirtHealer;

namespace Heal.EndToEnd.Tests;

/// <summary>A real storage pool that fills up and a real host that has promised more memory than it may; and the whole app with the shipped
/// workflows.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(MachineHealingTests))]
public sealed class HostHealingTests : IAsyncLifetime
{
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";

    private readonly string _name = $"host-{Guid.NewGuid():n}"[..14];
    private LibvirtHealer _heal = null!;

    public async Task InitializeAsync() => _heal = await LibvirtHealer.CreateAsync(
        _name,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__hv2__Uri"] = LibvirtRig.Uri2,
            // the hosts have no network between them
            ["Heal__Libvirt__Hosts__hv2__MigrationUri"] = $"unix://{LibvirtRig.Guests}/{_name}.sock",
            ["Heal__Machines__Scope__hv1"] = "Act",
            ["Heal__Machines__Reclaim__hv1/small__0"] = $"{_name}-*",
            // of the machine that both hosts are on, any guest takes more
            ["Heal__Machines__CommittedPercent"] = "1",
        });

    [Fact]
    public async Task A_pool_that_fills_up_loses_what_the_settings_name_and_nothing_else()
    {
        const string OfThePool = "FROM heal.incident WHERE kind = 'StoragePool' AND name = 'small'";
        string[] volumes = [$"{_name}-1", $"keep-{_name}"];
        await VirshAsync("vol-create-as", "small", volumes[0], "13M", "--allocation", "13M");
        await VirshAsync("vol-create-as", "small", volumes[1], "1M", "--allocation", "1M");
        try
        {
            await _heal.App.StartAsync();
            await _heal.UntilAsync(async () => await _heal.Database.QueryAsync<long>($"SELECT count(*) {OfThePool}") == 1);
            string id = await _heal.Database.QueryAsync<string>($"SELECT incident_id {OfThePool}");

            JsonObject incident = await _heal.EndedAsync(incident => (string?)incident["id"] == id);

            Assert.True(OutcomeOf(incident) == ("Healed", "StoragePoolFilling"), $"{incident}\n{_heal.App.Log}");
            Assert.StartsWith($"keep-{_name}", await VirshAsync("vol-list", "small"), StringComparison.Ordinal);
            Assert.Equal("storage_pool_reclaim Applied", await DoneAsync());
        }
        finally
        {
            foreach (string volume in volumes)
            {
                await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "vol-delete", volume, "--pool", "small");
            }
        }
    }

    [Fact]
    public async Task A_host_that_promised_too_much_loses_a_guest_to_another_one_once_a_person_agrees()
    {
        await _heal.StartAsync(new Guest { Metadata = Mark, MemoryMib = 1024, TakesCommands = false });
        string id = await _heal.WaitsForApprovalAsync("vm_live_migrate");
        long before = await _heal.Database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger");
        await _heal.ApproveAsync(id);

        JsonObject incident = await _heal.EndedAsync(incident => (string?)incident["id"] == id);

        Assert.Equal(0L, before);
        Assert.True(OutcomeOf(incident) == ("Healed", "HypervisorOvercommitted"), $"{incident}\n{_heal.App.Log}");
        Assert.Equal("vm_live_migrate Applied", await DoneAsync());
        Assert.Equal("running (migrated)", await LibvirtRig.VirshAsync(LibvirtRig.Uri2, "domstate", "--reason", _name));
        Assert.Equal("shut off (migrated)", await VirshAsync("domstate", "--reason", _name));
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_name, Userspace));
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    private Task<string> DoneAsync() => _heal.Database.QueryAsync<string>(
        "SELECT string_agg(action_id || ' ' || status, ',') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%'");
}
