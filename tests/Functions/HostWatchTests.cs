using System.Threading.Channels;
using Heal.Activities;
using Heal.Drivers.Libvirt;
using Heal.Functions.Machines;
using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Functions.Tests;

/// <summary>One host that is followed: by its events, after each connection, and by the clock.</summary>
public sealed class HostWatchTests : IAsyncLifetime
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private readonly WatchRig _rig = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Signal> _sent = Channel.CreateUnbounded<Signal>();
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Fact]
    public async Task An_event_is_a_signal_without_a_look_at_everything()
    {
        _rig.Guest();
        await StartAsync();
        int looks = _rig.Host.Calls("GetInfo");

        _rig.Host.Guests.Kill("web");
        Signal signal = await NextAsync();

        Assert.Equal(("LibvirtDomainCrashed", "hv1", "web"), (signal.Alert.Name, signal.Target!.Host, signal.Target.Name));
        Assert.Equal(_rig.Time.GetUtcNow(), signal.Alert.StartsAt);
        Assert.Equal(looks, _rig.Host.Calls("GetInfo"));
    }

    [Fact]
    public async Task What_happened_while_the_daemon_was_down_is_found_when_it_is_back_and_not_later()
    {
        _rig.Guest();
        await StartAsync();

        _rig.Host.StopDaemon();
        _rig.Host.Guests.Kill("web");
        _rig.Host.StartDaemon();

        Assert.Equal("LibvirtDomainUnexpectedShutoff", (await NextAsync()).Alert.Name);
    }

    [Fact]
    public async Task Lost_events_are_made_good_by_a_look_at_everything()
    {
        _rig.Guest();
        await StartAsync();

        _rig.KillUnheard("web");
        _rig.Host.LoseEvents();

        Assert.Equal("web", (await NextAsync()).Target!.Name);
    }

    [Fact]
    public async Task What_no_event_tells_is_found_when_it_is_time_to_look()
    {
        _rig.Guest();
        await StartAsync();
        _rig.KillUnheard("web");

        _rig.Time.Advance(Every - TimeSpan.FromTicks(1));
        Assert.False(_sent.Reader.TryPeek(out _));
        _rig.Time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("LibvirtDomainUnexpectedShutoff", (await NextAsync()).Alert.Name);
    }

    [Fact]
    public async Task A_silent_host_is_asked_every_five_seconds_and_told_of_once_after_half_a_minute()
    {
        _rig.Guest();
        await StartAsync();
        _rig.Host.StopDaemon();
        for (int i = 0; i < 7; i++)
        {
            Assert.False(i < 6 && _sent.Reader.TryPeek(out _), $"told of after {5 * i} s");
            await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + TimeSpan.FromSeconds(5));
            _rig.Time.Advance(TimeSpan.FromSeconds(5));
        }

        Signal signal = await NextAsync();
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + TimeSpan.FromSeconds(5));

        Assert.Equal(("LibvirtdUnresponsive", TargetKinds.Hypervisor), (signal.Alert.Name, signal.Target!.Kind));
        Assert.False(_sent.Reader.TryPeek(out _));
    }

    [Fact]
    public async Task The_end_of_a_fault_is_told_when_it_is_due_though_nothing_happens_then()
    {
        _rig.Guest();
        await StartAsync();
        _rig.Host.Guests.Kill("web");
        Signal began = await NextAsync();

        _rig.Host.Guests.StartByOperator("web");
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + MachineBank.ClearAfter);
        _rig.Time.Advance(MachineBank.ClearAfter);
        Signal ended = await NextAsync();

        Assert.Equal((AlertStatus.Resolved, began.Alert.Fingerprint), (ended.Alert.Status, ended.Alert.Fingerprint));
    }

    [Fact]
    public async Task While_the_store_is_slow_events_wait_and_none_is_lost()
    {
        foreach (string name in (string[])["web", "db", "mail"])
        {
            _rig.Guest(name);
        }

        FakeGuest noisy = _rig.Guest("noisy");
        var entered = new TaskCompletionSource();
        var store = new TaskCompletionSource();
        await StartAsync(async signals =>
        {
            entered.TrySetResult();
            await store.Task;
            await SendAsync(signals);
        });

        _rig.Host.Guests.Kill("web");
        await entered.Task.WaitAsync(WatchRig.Patience);
        _rig.Host.Guests.Kill("db");
        // more than the queue between the driver and the watch takes
        for (int i = 0; i < 2_500; i++)
        {
            _rig.Host.Raise(new RebootEvent(_rig.Time.GetUtcNow(), noisy.Uuid, noisy.Name));
        }

        _rig.Host.Guests.Kill("mail");
        Assert.False(_sent.Reader.TryPeek(out _));
        store.SetResult();

        Assert.Equal(["web", "db", "mail"], [await NameAsync(), await NameAsync(), await NameAsync()]);

        async Task<string> NameAsync()
        {
            while (true)
            {
                Signal next = await NextAsync();
                if (next.Alert.Name != MachineNotes.Alert)
                {
                    return next.Target!.Name;
                }
            }
        }
    }

    [Fact]
    public async Task A_store_that_fails_ends_the_watch_with_its_reason_and_the_host_is_let_go()
    {
        _rig.Guest();
        await StartAsync(_ => throw new InvalidOperationException("no store"));

        _rig.Host.Guests.Kill("web");

        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => _running.WaitAsync(WatchRig.Patience));
        Assert.Equal("no store", failed.Message);
        Assert.Equal(0, _rig.Host.Watchers);
    }

    [Fact]
    public async Task A_fault_of_the_events_ends_the_watch_with_its_reason()
    {
        _rig.Guest();
        await StartAsync();

        _rig.Host.BreakEvents(new InvalidOperationException("no events"));

        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => _running.WaitAsync(WatchRig.Patience));
        Assert.Equal("no events", failed.Message);
        Assert.Equal(0, _rig.Host.Watchers);
    }

    [Fact]
    public async Task What_happens_to_a_guest_and_is_no_fault_is_a_signal_too()
    {
        FakeGuest guest = _rig.Guest();
        await StartAsync();

        _rig.Host.Raise(new DeviceRemovedEvent(_rig.Time.GetUtcNow(), guest.Uuid, guest.Name, "virtio-disk1"));
        Signal signal = await NextAsync();

        Assert.Equal(("LibvirtDomainEvent", "info", "web"), (signal.Alert.Name, signal.Alert.Label("severity"), signal.Target!.Name));
        Assert.Contains("virtio-disk1", signal.Alert.Annotations["summary"]);
        Assert.Equal(_rig.Time.GetUtcNow(), signal.Alert.StartsAt);
    }

    [Fact]
    public async Task A_look_that_hangs_does_not_keep_the_watch_from_ending()
    {
        _rig.Guest();
        await StartAsync();
        HeldCall held = _rig.Host.Hold("Find");
        _rig.Host.Guests.Kill("web");
        await held.Entered.WaitAsync(WatchRig.Patience);

        await _stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running.WaitAsync(WatchRig.Patience));
        Assert.Equal(0, _rig.Host.Watchers);
    }

    /// <summary>Follows the host, and returns once it has looked at everything: at its begin, and for the connection.</summary>
    private async Task StartAsync(Func<IReadOnlyList<Signal>, Task>? send = null)
    {
        var bank = new MachineBank();
        var watch = new HostWatch(
            _rig.Host, new Inventories(_rig.Tools).Of(_rig.Host, bank), bank, Every, send ?? SendAsync, new HostWatchState(),
            _rig.Time, NullLogger.Instance);
        _running = watch.RunAsync(_stop.Token);
        await _rig.Memory.LookedAsync(2);
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + Every);
    }

    private async Task SendAsync(IReadOnlyList<Signal> signals)
    {
        foreach (Signal signal in signals)
        {
            await _sent.Writer.WriteAsync(signal);
        }
    }

    private Task<Signal> NextAsync() => _sent.Reader.ReadAsync().AsTask().WaitAsync(WatchRig.Patience);
}
