using System.Globalization;
using System.Text.Json.Nodes;
using static Heal.EndToEnd.Tests.LibvirtHealer;

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

    private LibvirtHealer _heal = null!;

    public async Task InitializeAsync() => _heal = await LibvirtHealer.CreateAsync($"heal-{Guid.NewGuid():n}"[..16]);

    [Fact]
    public async Task A_killed_emulator_is_an_incident_that_ends_with_the_guest_in_its_userspace_again()
    {
        await StartAsync(new Guest());

        await LibvirtRig.FailAsync("kill-qemu", 1, _heal.Guest);

        await HealedAsync("GuestKilled", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace, times: 2);
    }

    [Fact]
    public async Task A_guest_that_panicked_is_started_again()
    {
        await StartAsync(new Guest { OnCrash = "destroy" });

        await LibvirtRig.TellAsync(_heal.Guest, "panic");

        await HealedAsync("GuestPanicked", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace, times: 2);
    }

    [Fact]
    public async Task A_guest_that_panicked_and_was_kept_is_restarted_once_though_the_healer_is_killed_meanwhile()
    {
        await StartAsync(new Guest { OnCrash = "preserve" });
        int run = await RunOfAsync();

        await LibvirtRig.TellAsync(_heal.Guest, "panic");
        // the first half of the restart is intended, or has been done
        await _heal.UntilAsync(async () => await _heal.Database.QueryAsync<long>(
            "SELECT count(*) FROM heal.operation_ledger WHERE target_key LIKE 'step/%'") > 0);
        Assert.True(_heal.App.Kill());
        await _heal.App.StartAsync();

        await HealedAsync("GuestPanicked", "vm_restart");
        Assert.Equal(run + 1, await RunOfAsync());
        Assert.Equal(2, await LibvirtRig.CountOnConsoleAsync(_heal.Guest, Userspace));
    }

    [Fact]
    public async Task A_guest_that_died_while_libvirtd_was_down_is_started_when_it_is_back()
    {
        await StartAsync(new Guest());

        await LibvirtRig.FailAsync("kill-daemon", 1);
        await LibvirtRig.FailAsync("kill-qemu", 1, _heal.Guest);
        await LibvirtRig.FailAsync("restart-daemon", 1);

        await HealedAsync("StoppedWhileHostDaemonDown", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace, times: 2);
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("none")]
    public async Task A_watchdog_that_fired_ends_with_a_guest_that_was_booted_again(string action)
    {
        await StartAsync(new Guest { Kernel = "full", Watchdog = action, Parameters = "heal.watchdog=kick" });
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, "GUEST-WATCHDOG-KICKED");

        await LibvirtRig.TellAsync(_heal.Guest, "stop-kicking");

        await HealedAsync("GuestWatchdog", "vm_restart");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace, times: 2);
    }

    [Fact]
    public async Task A_guest_that_found_no_space_is_left_to_people_until_there_is_room_and_then_runs_on()
    {
        await VirshAsync("vol-create-as", "small", _heal.Guest, "64M", "--format", "qcow2");
        try
        {
            await StartAsync(new Guest { Disk = await VirshAsync("vol-path", _heal.Guest, "--pool", "small"), ErrorPolicy = "enospace" });
            await LibvirtRig.TellAsync(_heal.Guest, "write 40");

            JsonObject full = await _heal.EndedAsync();
            Assert.Equal(("Escalated", "PausedOnIoError"), OutcomeOf(full));
            Assert.Equal("paused (I/O error)", await VirshAsync("domstate", "--reason", _heal.Guest));
            Assert.Equal(0L, await _heal.Database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));

            await LibvirtRig.FailAsync("grow-small", 1);
            IReadOnlyList<JsonObject> both = await _heal.EndedAsync(count: 2);
            Assert.True(
                both.Any(incident => OutcomeOf(incident) == ("Healed", "PausedOnIoError")), $"{both[0]}\n{both[1]}\n{_heal.App.Log}");
            await AssertDoneAsync("vm_resume_after_io");
            await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, "GUEST-WROTE 0");
            Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_heal.Guest, Userspace));
        }
        finally
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "destroy", _heal.Guest);
            await VirshAsync("vol-delete", _heal.Guest, "--pool", "small");
            await LibvirtRig.FailAsync("shrink-small", 1);
        }
    }

    [Fact]
    public async Task A_guest_whose_disk_is_gone_is_handed_to_people_with_its_name()
    {
        string disk = Path.Combine(LibvirtRig.Guests, $"{_heal.Guest}.qcow2");
        await LibvirtRig.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", disk, "64M");
        await StartAsync(new Guest { Disk = disk });
        File.Delete(disk);

        await LibvirtRig.FailAsync("kill-qemu", 1, _heal.Guest);

        JsonObject incident = await _heal.EndedAsync();
        Assert.Equal(("Escalated", "BootFailure"), OutcomeOf(incident));
        Assert.Equal(0L, await _heal.Database.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        Assert.Contains(disk, await _heal.Database.QueryAsync<string>("SELECT bundle::text FROM heal.hand_off"));
        Assert.Equal("shut off", await VirshAsync("domstate", _heal.Guest));
    }

    [Fact]
    public async Task A_start_that_failed_is_tried_again_where_nothing_is_missing_any_more()
    {
        string disk = Path.Combine(LibvirtRig.Guests, $"{_heal.Guest}.qcow2");
        await _heal.DefineAsync(new Guest { Disk = disk, Metadata = Mark });
        (int exit, string said) = await LibvirtRig.RunAsync("virsh", "-q", "-c", LibvirtRig.Uri, "start", _heal.Guest);
        Assert.True(exit != 0 && said.Contains("No such file", StringComparison.Ordinal), said);
        await LibvirtRig.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", disk, "64M");

        await _heal.App.StartAsync();

        await HealedAsync("BootFailure", "vm_start");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace);
        File.Delete(disk);
    }

    [Fact]
    public async Task A_guest_that_dies_at_every_boot_is_handed_to_people_after_as_many_starts_as_its_workflow_allows()
    {
        var guest = new Guest { OnCrash = "destroy" };
        await StartAsync(guest);
        await _heal.DefineAsync(guest with { Metadata = Mark, Parameters = "heal.do=panic" });

        await LibvirtRig.TellAsync(_heal.Guest, "panic");

        JsonObject incident = await _heal.EndedAsync();
        Assert.True(OutcomeOf(incident) is ("Escalated", "GuestPanicked"), $"{incident}\n{_heal.App.Log}");
        Assert.Equal(2L, await _heal.Database.QueryAsync<long>(
            "SELECT count(*) FROM heal.operation_ledger WHERE action_id = 'vm_start' AND target_key NOT LIKE 'step/%'"));
        Assert.Equal(3, await LibvirtRig.CountOnConsoleAsync(_heal.Guest, Userspace));
        Assert.Equal("shut off (crashed)", await VirshAsync("domstate", "--reason", _heal.Guest));
    }

    [Fact]
    public async Task A_guest_whose_monitor_broke_is_ended_and_started_again_once_a_person_agrees()
    {
        await StartAsync(new Guest());

        await LibvirtRig.FailAsync("break-monitor", 1, _heal.Guest);

        string id = await _heal.WaitsForApprovalAsync("vm_restart");
        Assert.Equal(1, await LibvirtRig.CountOnConsoleAsync(_heal.Guest, Userspace));
        await _heal.ApproveAsync(id);
        await HealedAsync("GuestUnresponsive", "vm_restart");
        await LibvirtRig.SeesOnConsoleAsync(_heal.Guest, Userspace, times: 2);
    }

    [Fact]
    public async Task A_guest_that_somebody_destroyed_stays_off()
    {
        await StartAsync(new Guest());

        await VirshAsync("destroy", _heal.Guest);
        await LibvirtRig.FailAsync("kill-daemon", 1);
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await _heal.SeesHostAsync(times: 2);

        Assert.Empty(await _heal.App.GetIncidentsAsync());
        Assert.Equal("shut off", await VirshAsync("domstate", _heal.Guest));
    }

    public async Task DisposeAsync() => await _heal.DisposeAsync();

    // A guest that runs, and an app that has seen it.
    private async Task StartAsync(Guest guest)
    {
        await _heal.StartAsync(guest with { Metadata = Mark });
        await _heal.SeesHostAsync();
    }

    private async Task HealedAsync(string cause, string action)
    {
        JsonObject incident = await _heal.EndedAsync();
        Assert.True((string?)incident["outcome"]!["kind"] == "Healed", $"{incident}\n{_heal.App.Log}");
        Assert.Equal(cause, (string?)incident["outcome"]!["cause"]);
        await AssertDoneAsync(action);
    }

    // Of all that was done, steps apart, this alone took effect; and the guest runs.
    private async Task AssertDoneAsync(string action)
    {
        Assert.Equal(action, await _heal.Database.QueryAsync<string>(
            "SELECT string_agg(action_id, ' ') FROM heal.operation_ledger WHERE target_key NOT LIKE 'step/%' AND state = 'confirmed'"));
        Assert.Equal("running", await VirshAsync("domstate", _heal.Guest));
    }

    /// <summary>libvirt's id of the run: the next start has the next one.</summary>
    private async Task<int> RunOfAsync() => int.Parse(await VirshAsync("domid", _heal.Guest), CultureInfo.InvariantCulture);
}

/// <summary>One guest at a time: each needs a processor, and the daemon is everybody's.</summary>
[CollectionDefinition(nameof(MachineHealingTests), DisableParallelization = true)]
public sealed class MachineHealingCollection
{
}
