using System.Diagnostics;
using System.Text.Json.Nodes;
using static Heal.EndToEnd.Tests.LibvirtHealer;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// A real migration between two real hosts that does not come to its end, because the emulator that is to receive the guest stands still;
/// and the whole app with the shipped workflows, which was not the one who began it.
/// </summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(MachineHealingTests))]
public sealed class MigrationHealingTests : IAsyncLifetime
{
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";

    private LibvirtHealer _heal = null!;
    private Process? _migration;

    public async Task InitializeAsync() => _heal = await LibvirtHealer.CreateAsync(
        $"stuck-{Guid.NewGuid():n}"[..14],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__hv2__Uri"] = LibvirtRig.Uri2,
            ["Heal__Machines__MigrationStuckAfter"] = "00:01:00",
        });

    [Fact]
    public async Task A_migration_that_stands_still_is_aborted_and_the_guest_runs_on_where_it_was()
    {
        await _heal.StartAsync(new Guest { Metadata = Mark, TakesCommands = false });
        await _heal.SeesHostAsync();
        await VirshAsync("migrate-setspeed", _heal.Guest, "1");
        Migrate();
        await _heal.UntilAsync(async () =>
            (await VirshAsync("domjobinfo", _heal.Guest)).Contains("Data processed", StringComparison.Ordinal));
        await LibvirtRig.FailAsync("freeze-qemu", 2, _heal.Guest);

        JsonObject incident = await _heal.EndedAsync();

        Assert.True(OutcomeOf(incident) == ("Healed", "MigrationStuck"), $"{incident}\n{_heal.App.Log}");
        Assert.Equal("vm_abort_migration Applied", await _heal.Database.QueryAsync<string>(
            "SELECT string_agg(action_id || ' ' || status, ',') FROM heal.operation_ledger"));
        Assert.Equal("running", await VirshAsync("domstate", _heal.Guest));

        // Whoever began it waits for the other end, too.
        await LibvirtRig.FailAsync("thaw-qemu", 2, _heal.Guest);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _migration!.WaitForExitAsync(limit.Token);
        Assert.NotEqual(0, _migration.ExitCode);
        Assert.DoesNotContain(_heal.Guest, await LibvirtRig.VirshAsync(LibvirtRig.Uri2, "list", "--name"));

        // it reacts, and has never been booted again
        await VirshAsync("shutdown", _heal.Guest);
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, "GUEST-POWER-BUTTON");
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_heal.Guest, Userspace));
    }

    public async Task DisposeAsync()
    {
        if (_migration is { HasExited: false }) _migration.Kill(entireProcessTree: true);
        _migration?.Dispose();
        await _heal.DisposeAsync();
    }

    // As an operator does it; the hosts have no network between them.
    private void Migrate() => _migration = Process.Start(new ProcessStartInfo("virsh",
    [
        "-q", "-c", LibvirtRig.Uri, "migrate", "--live", "--persistent", _heal.Guest, LibvirtRig.Uri2, "--migrateuri",
        $"unix://{LibvirtRig.Guests}/{_heal.Guest}.sock",
    ]) { UseShellExecute = false })!;
}
