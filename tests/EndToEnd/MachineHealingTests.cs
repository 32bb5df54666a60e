using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// Real guests that fail for real, and the whole app with the shipped workflows and nothing but libvirt: what it sees by itself, what it
/// does, and that the guest is in its userspace again.
/// </summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(MachineHealingTests))]
public sealed class MachineHealingTests : IAsyncLifetime
{
    private const string Mark =
        "<metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>";

    private static readonly TimeSpan Within = TimeSpan.FromMinutes(6);

    private readonly string _name = $"heal-{Guid.NewGuid():n}"[..16];
    private readonly string _state = Directory.CreateTempSubdirectory("heal-libvirt-").FullName;
    private AppDatabase _database = null!;
    private HealProcess _app = null!;

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
            ["Heal__WorkflowsFolder"] = "workflows",
            ["Heal__Machines__InventoryEvery"] = "00:00:05",
            // what a killed process had in hand is free again when its lease ends
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:05",
            ["Logging__LogLevel__Default"] = "Information",
        });
    }

    [Fact]
    public async Task A_killed_emulator_is_an_incident_that_ends_with_the_guest_in_its_userspace_again()
    {
        await StartAsync(new Guest());
        var clock = Stopwatch.StartNew();

        await LibvirtRig.FailAsync("kill-qemu", 1, _name);
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
        TimeSpan back = clock.Elapsed;

        await HealedAsync("GuestKilled", "vm_start");
        Assert.True(back < TimeSpan.FromSeconds(30), $"expected the guest back within 30 s of its crash, took {back}");
    }

    [Fact]
    public async Task A_guest_that_panicked_is_started_again()
    {
        await StartAsync(new Guest { OnCrash = "destroy" });

        await LibvirtRig.TellAsync(_name, "panic");

        await HealedAsync("GuestPanicked", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
    }

    [Fact]
    public async Task A_guest_that_panicked_and_was_kept_is_restarted_once_though_the_healer_is_killed_meanwhile()
    {
        await StartAsync(new Guest { OnCrash = "preserve" });
        int run = await RunOfAsync();

        await LibvirtRig.TellAsync(_name, "panic");
        // the first half of the restart is intended, or has been done
        await UntilAsync(async () => await _database.QueryAsync<long>(
            "SELECT count(*) FROM heal.operation_ledger WHERE target_key LIKE 'step/%'") > 0);
        Assert.True(_app.Kill());
        await _app.StartAsync();

        await HealedAsync("GuestPanicked", "vm_restart");
        Assert.Equal(run + 1, await RunOfAsync());
        Assert.Equal(2, await LibvirtRig.CountOnConsoleAsync(_name, "GUEST-USERSPACE"));
    }

    [Fact]
    public async Task A_guest_that_died_while_libvirtd_was_down_is_started_when_it_is_back()
    {
        await StartAsync(new Guest());

        await LibvirtRig.FailAsync("kill-daemon", 1);
        await LibvirtRig.FailAsync("kill-qemu", 1, _name);
        await LibvirtRig.FailAsync("restart-daemon", 1);

        await HealedAsync("StoppedWhileHostDaemonDown", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("none")]
    public async Task A_watchdog_that_fired_ends_with_a_guest_that_was_booted_again(string action)
    {
        await StartAsync(new Guest { Kernel = "full", Watchdog = action, Parameters = "heal.watchdog=kick" });
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-WATCHDOG-KICKED");

        await LibvirtRig.TellAsync(_name, "stop-kicking");

        await HealedAsync("GuestWatchdog", "vm_restart");
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE", times: 2);
    }

    [Fact]
    public async Task A_guest_that_found_no_space_is_left_to_people_until_there_is_room_and_then_runs_on()
    {
        await VirshAsync("vol-create-as", "small", _name, "64M", "--format", "qcow2");
        try
        {
            await StartAsync(new Guest { Disk = await VirshAsync("vol-path", _name, "--pool", "small"), ErrorPolicy = "enospace" });
            await LibvirtRig.TellAsync(_name, "write 40");

            JsonObject full = await EndedAsync();
            Assert.Equal(("Escalated", "PausedOnIoError"), OutcomeOf(full));
            Assert.Equal("paused (I/O error)", await VirshAsync("domstate", "--reason", _name));
            Assert.Equal(0L, await _database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));

            await LibvirtRig.FailAsync("grow-small", 1);
            IReadOnlyList<JsonObject> both = await _app.UntilIncidentsEndAsync(2, Within);
            Assert.True(both.Any(incident => OutcomeOf(incident) == ("Healed", "PausedOnIoError")), $"{both[0]}\n{both[1]}\n{_app.Log}");
            await AssertDoneAsync("vm_resume_after_io");
            await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-WROTE 0");
            Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_name, "GUEST-USERSPACE"));
        }
        finally
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "destroy", _name);
            await VirshAsync("vol-delete", _name, "--pool", "small");
            await LibvirtRig.FailAsync("shrink-small", 1);
        }
    }

    [Fact]
    public async Task A_guest_whose_disk_is_gone_is_handed_to_people_with_its_name()
    {
        string disk = Path.Combine(LibvirtRig.Guests, $"{_name}.qcow2");
        await LibvirtRig.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", disk, "64M");
        await StartAsync(new Guest { Disk = disk });
        File.Delete(disk);

        await LibvirtRig.FailAsync("kill-qemu", 1, _name);

        JsonObject incident = await EndedAsync();
        Assert.Equal(("Escalated", "BootFailure"), OutcomeOf(incident));
        Assert.Equal(0L, await _database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        Assert.Contains(disk, await _database.QueryAsync<string>("SELECT bundle::text FROM heal.hand_off"));
        Assert.Equal("shut off", await VirshAsync("domstate", _name));
    }

    [Fact]
    public async Task A_guest_that_somebody_destroyed_stays_off()
    {
        await StartAsync(new Guest());

        await VirshAsync("destroy", _name);
        await LibvirtRig.FailAsync("kill-daemon", 1);
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await UntilAsync(() => _app.LogLines.Count(static line => line.Contains("hv1 answers", StringComparison.Ordinal)) > 1);

        Assert.Empty(await _app.GetIncidentsAsync());
        Assert.Equal("shut off", await VirshAsync("domstate", _name));
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "destroy", _name);
        await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "undefine", _name);
        File.Delete(LibvirtRig.ConsoleOf(_name));
        await _database.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    // A guest that runs, and an app that has seen it.
    private async Task StartAsync(Guest guest)
    {
        string file = Path.Combine(_state, "domain.xml");
        await File.WriteAllTextAsync(file, LibvirtRig.Domain(_name, Guid.NewGuid(), guest with { Metadata = Mark }));
        await VirshAsync("define", file);
        await VirshAsync("start", _name);
        await LibvirtRig.SeesOnConsoleAsync(_name, "GUEST-USERSPACE");
        await _app.StartAsync();
        await UntilAsync(() => _app.LogLines.Any(static line => line.Contains("hv1 answers", StringComparison.Ordinal)));
    }

    private async Task HealedAsync(string cause, string action)
    {
        JsonObject incident = await EndedAsync();
        Assert.True((string?)incident["outcome"]!["kind"] == "Healed", $"{incident}\n{_app.Log}");
        Assert.Equal(cause, (string?)incident["outcome"]!["cause"]);
        await AssertDoneAsync(action);
    }

    // Of all that was done, steps apart, this alone took effect; and the guest runs.
    private async Task AssertDoneAsync(string action)
    {
        Assert.Equal(action, await _database.QueryAsync<string>(
            "SELECT string_agg(action_id, ' ') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%' AND state = 'confirmed'"));
        Assert.Equal("running", await VirshAsync("domstate", _name));
    }

    private static (string? Kind, string? Cause) OutcomeOf(JsonObject incident) =>
        ((string?)incident["outcome"]!["kind"], (string?)incident["outcome"]!["cause"]);

    private async Task<JsonObject> EndedAsync() => Assert.Single(await _app.UntilIncidentsEndAsync(1, Within));

    private static Task<string> VirshAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri, arguments);

    /// <summary>libvirt's id of the run: the next start has the next one.</summary>
    private async Task<int> RunOfAsync() => int.Parse(await VirshAsync("domid", _name), CultureInfo.InvariantCulture);

    private Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not come to pass. The app's last words:\n{_app.Log}");
            // The log of another process has no signal to wait for.
            await Task.Delay(50);
        }
    }
}

/// <summary>One guest at a time: each needs a processor, and the daemon is everybody's.</summary>
[CollectionDefinition(nameof(MachineHealingTests), DisableParallelization = true)]
public sealed class MachineHealingCollection
{
}
