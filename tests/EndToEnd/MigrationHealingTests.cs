using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// A real migration between two real hosts that does not come to its end, because the emulator that is to receive the guest stands still;
/// and the whole app with the shipped workflows, which was not the one who began it.
/// </summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(MachineHealingTests))]
public sealed class MigrationHealingTests : IAsyncLifetime
{
    private const string Up = "GUEST-USERSPACE";
    private const string Mark = "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";

    // of which one is the least that the settings let a migration take before it counts as stuck
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(6);

    private readonly string _name = $"stuck-{Guid.NewGuid():n}"[..14];
    private readonly string _state = Directory.CreateTempSubdirectory("heal-migration-").FullName;
    private AppDatabase _database = null!;
    private HealProcess _app = null!;
    private Process? _migration;

    public async Task InitializeAsync()
    {
        _database = await AppDatabase.CreateAsync();
        _app = new HealProcess(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = _database.ConnectionString,
            ["HEAL_STATE"] = _state,
            ["AzureWebJobsStorage"] = TestServices.Required(TestServices.Azurite),
            ["Heal__Kubernetes__Target"] = "none",
            ["Heal__Libvirt__Hosts__hv1__Uri"] = LibvirtRig.Uri,
            ["Heal__Libvirt__Hosts__hv2__Uri"] = LibvirtRig.Uri2,
            ["Heal__WorkflowsFolder"] = "workflows",
            ["Heal__Machines__InventoryEvery"] = "00:00:05",
            ["Heal__Machines__MigrationStuckAfter"] = "00:01:00",
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:05",
            ["Logging__LogLevel__Default"] = "Information",
        });
    }

    [Fact]
    public async Task A_migration_that_stands_still_is_aborted_and_the_guest_runs_on_where_it_was()
    {
        await StartAsync();
        await VirshAsync("migrate-setspeed", _name, "1");
        Migrate();
        await UntilAsync(async () => (await VirshAsync("domjobinfo", _name)).Contains("Data processed", StringComparison.Ordinal));
        await LibvirtRig.FailAsync("freeze-qemu", 2, _name);

        JsonObject incident = Assert.Single(await _app.UntilIncidentsEndAsync(1, Within));

        var outcome = ((string?)incident["outcome"]!["kind"], (string?)incident["outcome"]!["cause"]);
        Assert.True(outcome == ("Healed", "MigrationStuck"), $"{incident}\n{_app.Log}");
        Assert.Equal("vm_abort_migration Applied", await _database.QueryAsync<string>(
            "SELECT string_agg(action_id || ' ' || status, ',') FROM heal.operation_ledger"));
        Assert.Equal("running", await VirshAsync("domstate", _name));

        // Whoever began it waits for the other end, too.
        await LibvirtRig.FailAsync("thaw-qemu", 2, _name);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _migration!.WaitForExitAsync(limit.Token);
        Assert.NotEqual(0, _migration.ExitCode);
        Assert.DoesNotContain(_name, await LibvirtRig.VirshAsync(LibvirtRig.Uri2, "list", "--name"));

        // it reacts, and has never been booted again
        await VirshAsync("shutdown", _name);
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-POWER-BUTTON");
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_name, Up));
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_migration is { HasExited: false }) _migration.Kill(entireProcessTree: true);
        _migration?.Dispose();
        foreach (string uri in (string[])[LibvirtRig.Uri, LibvirtRig.Uri2])
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "destroy", _name);
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "undefine", _name);
        }

        File.Delete(LibvirtRig.ConsoleOf(_name));
        await _database.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    private async Task StartAsync()
    {
        string file = Path.Combine(_state, "domain.xml");
        await File.WriteAllTextAsync(
            file, LibvirtRig.Domain(_name, Guid.NewGuid(), new Guest { Metadata = Mark, TakesCommands = false }));
        await VirshAsync("define", file);
        await VirshAsync("start", _name);
        await LibvirtRig.SeesOnConsoleAsync(_name, Up);
        await _app.StartAsync();
        await UntilAsync(() => Task.FromResult(
            _app.LogLines.Any(static line => line.Contains("hv1 answers", StringComparison.Ordinal))));
    }

    // As an operator does it; the hosts have no network between them.
    private void Migrate() => _migration = Process.Start(new ProcessStartInfo("virsh",
    [
        "-q", "-c", LibvirtRig.Uri, "migrate", "--live", "--persistent", _name, LibvirtRig.Uri2, "--migrateuri",
        $"unix://{LibvirtRig.Guests}/{_name}.sock",
    ]) { UseShellExecute = false })!;

    private static Task<string> VirshAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri, arguments);

    private async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not come to pass. The app's last words:\n{_app.Log}");
            // Neither the app nor the host has a signal to wait for.
            await Task.Delay(50);
        }
    }
}
