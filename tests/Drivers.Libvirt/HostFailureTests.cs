using System.Xml.Linq;
using Heal.Drivers.Libvirt.Subjects;
using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Real daemons and emulators that freeze and die, and a guest that moves.</summary>
[Trait("Category", "Libvirt")]
[Collection(nameof(RealGuests))]
public sealed class HostFailureTests : IAsyncLifetime
{
    // one that waits as it should, to set up and to look; one that is impatient, for what fails
    private readonly RealHost _real = new();
    private readonly LibvirtHost _impatient = Some.Host(LibvirtRig.Uri, configure: Impatient);

    private IDomains Domains => _real.Host.Domains;

    [Fact]
    public async Task One_frozen_emulator_hides_no_other_guest()
    {
        var (frozen, frozenUuid) = await _real.BootAsync();
        var (_, healthyUuid) = await _real.BootAsync();
        await LibvirtRig.FailAsync("freeze-qemu", 1, frozen);
        try
        {
            await Assert.ThrowsAsync<LibvirtTimeoutException>(() => _impatient.Domains.GetStatsAsync());
            Assert.Equal(HostLink.Up, _impatient.Link);
            var listed = await _impatient.Domains.ListAsync();
            Assert.Equal(DomainState.Running, listed.Single(domain => domain.Uuid == frozenUuid).State);
            var stats = await _impatient.Domains.GetStatsAsync();
            Assert.NotNull(stats.Single(domain => domain.Uuid == healthyUuid).Whole("balloon.current"));
            Assert.Equal(1, _impatient.Load.Hung);
        }
        finally
        {
            await LibvirtRig.FailAsync("thaw-qemu", 1, frozen);
        }

        Assert.NotNull((await Domains.GetStatsAsync()).Single(domain => domain.Uuid == frozenUuid).Whole("state.state"));
    }

    [Fact]
    public async Task A_frozen_daemon_costs_the_deadline_and_is_followed_again_when_it_thaws()
    {
        await using var watch = new HostWatch(_impatient);
        await watch.SeesAsync<ConnectedEvent>();
        await _impatient.Domains.ListAsync();
        await LibvirtRig.FailAsync("freeze-daemon", 1);
        try
        {
            await Assert.ThrowsAsync<LibvirtTimeoutException>(() => _impatient.Domains.ListAsync());
            // the established connections are given up by keepalive, and a new one cannot be opened
            Assert.Equal("keepalive", (await watch.SeesAsync<DisconnectedEvent>(within: TimeSpan.FromSeconds(40))).Reason);
            var second = await watch.SeesAsync<DisconnectedEvent>(e => e.Reason != "keepalive");
            Assert.Contains("frozen", second.Reason, StringComparison.Ordinal);
            await using var other = Some.Host(LibvirtRig.Uri2);
            Assert.NotNull(await other.Domains.ListAsync());
        }
        finally
        {
            await LibvirtRig.FailAsync("thaw-daemon", 1);
        }

        await watch.SeesAsync<ConnectedEvent>(e => e.Missed);
        await AnswersAsync(_impatient);
    }

    [Fact]
    public async Task A_killed_daemon_is_told_and_the_guest_goes_on()
    {
        var (name, uuid) = await _real.BootAsync();
        await using var watch = new HostWatch(_real.Host);
        await watch.SeesAsync<ConnectedEvent>();
        await LibvirtRig.FailAsync("kill-daemon", 1);
        Assert.Equal("eof", (await watch.SeesAsync<DisconnectedEvent>(within: TimeSpan.FromSeconds(1))).Reason);
        await Assert.ThrowsAsync<LibvirtUnreachableException>(() => Domains.ListAsync());
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await watch.SeesAsync<ConnectedEvent>(e => e.Missed);
        await AnswersAsync();
        Assert.Equal(DomainState.Running, (await _real.FindAsync(uuid)).State);
        await LibvirtRig.TellAsync(name, "ping");
        await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-PONG");
        await Domains.DestroyAsync(uuid);
        await watch.SeesAsync(uuid, "stopped", "destroyed");
    }

    [Fact]
    public async Task A_daemon_that_is_restarted_again_and_again_leaves_no_descriptors_behind()
    {
        var counts = new List<int>();
        await using var watch = new HostWatch(_real.Host);
        await watch.SeesAsync<ConnectedEvent>();
        for (var restart = 1; restart <= 4; restart++)
        {
            await LibvirtRig.FailAsync("restart-daemon", 1);
            while (watch.Seen.OfType<ConnectedEvent>().Count() <= restart)
                await Task.Delay(50);
            await AnswersAsync();
            counts.Add(EventDescriptors());
        }

        // libvirt's client has one for each connection
        Assert.True(counts[0] > 0 && counts[^1] <= counts[0], $"after each restart: {string.Join(", ", counts)}");
    }

    [Fact]
    public async Task A_guest_that_dies_while_the_daemon_is_down_is_found_crashed()
    {
        var (name, uuid) = await _real.BootAsync();
        await LibvirtRig.FailAsync("kill-daemon", 1);
        await LibvirtRig.FailAsync("kill-qemu", 1, name);
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await AnswersAsync();
        Assert.Equal((DomainState.ShutOff, "crashed"), ((await _real.FindAsync(uuid)).State, (await _real.FindAsync(uuid)).Reason));
    }

    [Theory]
    [InlineData("define")]
    [InlineData("start")]
    [InlineData("undefine")]
    [InlineData("delete a volume")]
    public async Task A_daemon_that_dies_during_a_call_leaves_no_false_success_and_no_half_of_it(string call)
    {
        await using var other = Some.Host(LibvirtRig.Uri2);
        var (_, uuid) = await _real.DefineAsync();
        var (added, volume) = (Some.Name("guest"), Some.Name("disk"));
        await _real.Host.Storage.CreateVolumeAsync("default", Some.Volume(volume));
        await LibvirtRig.FailAsync("freeze-daemon", 1);
        Task during = call switch
        {
            "define" => _impatient.Domains.DefineAsync(LibvirtRig.Domain(added, Guid.NewGuid())),
            "start" => _impatient.Domains.StartAsync(uuid),
            "undefine" => _impatient.Domains.UndefineAsync(uuid),
            _ => _impatient.Storage.DeleteVolumeAsync("default", volume),
        };
        Assert.NotNull(await other.Domains.ListAsync());
        await LibvirtRig.FailAsync("kill-daemon", 1);
        var lost = await Assert.ThrowsAnyAsync<LibvirtException>(() => during);
        Assert.True(lost is LibvirtUnreachableException or LibvirtTimeoutException, $"got {lost}");
        await LibvirtRig.FailAsync("restart-daemon", 1);
        await AnswersAsync();
        Assert.Equal(DomainState.ShutOff, (await _real.FindAsync(uuid)).State);
        Assert.Null(await Domains.FindAsync(added));
        await _real.Host.Storage.DeleteVolumeAsync("default", volume);
    }

    [Fact]
    public async Task A_read_only_connection_to_a_real_daemon_looks_and_changes_nothing()
    {
        var (name, uuid) = await _real.DefineAsync();
        await using var reader = Some.Host(LibvirtRig.Uri, readOnly: true);
        Assert.Equal(name, (await reader.Domains.FindAsync(uuid))!.Name);
        foreach (var write in new Func<Task>[]
        {
            () => reader.Domains.StartAsync(uuid), () => reader.Domains.UndefineAsync(uuid),
            () => reader.Domains.SetMetadataAsync(uuid, "urn:heal:vm:1", "heal", "<vm/>"),
            () => reader.Storage.CreateVolumeAsync("default", Some.Volume("forbidden")),
        })
        {
            Assert.Equal(29, (await Assert.ThrowsAsync<LibvirtForbiddenException>(write)).Code);
        }

        Assert.Equal(DomainState.ShutOff, (await _real.FindAsync(uuid)).State);
        Assert.Null(await _real.Host.Storage.FindVolumeAsync("default", "forbidden"));
    }

    [Fact]
    public async Task A_cpu_with_flags_that_a_host_does_not_have_is_incompatible_with_it()
    {
        var cpu = Arguments.Parse(await _real.Host.GetCapabilitiesAsync()).Element("host")!.Element("cpu")!;
        cpu.Elements().Where(part => part.Name.LocalName is not ("arch" or "model" or "vendor" or "feature")).Remove();
        Assert.NotEqual(CpuComparison.Incompatible, await _real.Host.CompareCpuAsync(cpu.ToString()));
        // of two makers, and never in one
        foreach (var flag in new[] { "xop", "fma4", "3dnowext", "avx512er" })
            cpu.Add(new XElement("feature", new XAttribute("name", flag)));
        Assert.Equal(CpuComparison.Incompatible, await _real.Host.CompareCpuAsync(cpu.ToString()));
    }

    [Fact]
    public async Task A_running_guest_moves_to_the_other_host_and_goes_on_there()
    {
        await using var target = new RealHost(2);
        var (name, uuid) = await _real.BootAsync(new Guest { TakesCommands = false });
        await _real.Host.Domains.MigrateAsync(uuid, Request(target.Host, live: true, TimeSpan.FromSeconds(60)));
        try
        {
            Assert.Null(await Domains.FindAsync(uuid));
            var moved = await target.FindAsync(uuid);
            Assert.Equal((DomainState.Running, "migrated", true), (moved.State, moved.Reason, moved.Persistent));
            await target.Host.Domains.ShutdownAsync(uuid);
            await target.BecomesAsync(uuid, DomainState.ShutOff);
            await LibvirtRig.SeesOnConsoleAsync(name, "GUEST-POWER-BUTTON");
        }
        finally
        {
            await Record.ExceptionAsync(() => target.Host.Domains.DestroyAsync(uuid));
            await target.Host.Domains.UndefineAsync(uuid);
        }
    }

    [Fact]
    public async Task A_definition_moves_offline()
    {
        await using var target = new RealHost(2);
        var (name, uuid) = await _real.DefineAsync();
        await Domains.MigrateAsync(uuid, Request(target.Host, live: false, TimeSpan.FromSeconds(60)));
        Assert.Null(await Domains.FindAsync(uuid));
        Assert.Equal(name, (await target.FindAsync(uuid)).Name);
        await target.Host.Domains.UndefineAsync(uuid);
    }

    [Fact]
    public async Task A_migration_past_its_time_is_aborted_and_the_guest_stays()
    {
        await using var target = new RealHost(2);
        var (name, uuid) = await _real.BootAsync(new Guest { TakesCommands = false });
        // 1 MiB/s: a fast machine would have moved it before it can be aborted.
        await LibvirtRig.VirshAsync(LibvirtRig.Uri, "migrate-setspeed", name, "1");
        var aborted = await Assert.ThrowsAsync<LibvirtException>(
            () => Domains.MigrateAsync(uuid, Request(target.Host, live: true, TimeSpan.FromMilliseconds(400))));
        Assert.Equal(78, aborted.Code);
        Assert.Equal(DomainState.Running, (await _real.FindAsync(uuid)).State);
        Assert.Null(await target.Host.Domains.FindAsync(uuid));
    }

    public async Task InitializeAsync()
    {
        await Domains.ListAsync();
        await _impatient.Domains.ListAsync();
    }

    public async Task DisposeAsync()
    {
        await _impatient.DisposeAsync();
        await _real.DisposeAsync();
    }

    private static int EventDescriptors() => Directory.GetFiles("/proc/self/fd")
        .Count(file => File.ResolveLinkTarget(file, returnFinalTarget: false)?.Name.Contains("eventfd", StringComparison.Ordinal) == true);

    private static void Impatient(LibvirtHostOptions options)
    {
        options.CallTimeout = TimeSpan.FromSeconds(10);
        options.ConnectTimeout = TimeSpan.FromSeconds(3);
        options.KeepAliveSeconds = 2;
        // later than the deadline of a call, which is what some tests wait for
        options.KeepAliveCount = 8;
        options.MaxReconnectDelay = TimeSpan.FromSeconds(1);
        options.BreakFor = TimeSpan.FromSeconds(1);
    }

    private static MigrationRequest Request(ILibvirtHost target, bool live, TimeSpan timeout) => new(
        target, live ? $"unix://{LibvirtRig.Guests}/{Some.Name("move")}.sock" : null, live, Unsafe: true, UndefineSource: true, timeout);

    private async Task AnswersAsync(LibvirtHost? host = null)
    {
        using var patience = new CancellationTokenSource(Some.Patience);
        while (await Record.ExceptionAsync(() => (host ?? _real.Host).Domains.ListAsync()) is { } reason)
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"the host does not answer again: {reason.Message}");
            await Task.Delay(100);
        }
    }
}
