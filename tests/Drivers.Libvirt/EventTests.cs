using Heal.Drivers.Libvirt.Events;
using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Events come in libvirt's order, over a connection of their own, and what may be missing is said.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private readonly FaultyOpening _opening = new();
    private readonly LibvirtHost _host;

    public EventTests() => _host = Some.Host(open: _opening.Open);

    [Fact]
    public async Task A_domains_life_is_told_in_order()
    {
        await using var watch = new HostWatch(_host);
        Assert.False((await watch.SeesAsync<ConnectedEvent>()).Missed);
        var name = Some.Name();
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(name))).Uuid;
        await _host.Domains.StartAsync(uuid);
        await _host.Domains.SuspendAsync(uuid);
        await _host.Domains.ResumeAsync(uuid);
        await _host.Domains.DestroyAsync(uuid);
        await _host.Domains.UndefineAsync(uuid);
        var last = await watch.SeesAsync(uuid, "undefined");
        Assert.Equal(name, last.Name);
        Assert.Equal(
            ["defined added", "started booted", "suspended paused", "resumed unpaused", "stopped destroyed", "undefined removed"],
            watch.Seen.OfType<LifecycleEvent>().Where(e => e.Uuid == uuid).Select(e => $"{e.Kind} {e.Detail}"));
    }

    [Fact]
    public async Task Two_consumers_get_the_same_events_over_one_connection()
    {
        await using var one = new HostWatch(_host);
        await one.SeesAsync<ConnectedEvent>();
        await using var two = new HostWatch(_host);
        await two.SeesAsync<ConnectedEvent>();
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;
        await one.SeesAsync(uuid, "defined");
        await two.SeesAsync(uuid, "defined");
        // one for calls, one for events
        Assert.Equal(2, _opening.Attempts);
    }

    [Fact]
    public async Task A_lost_connection_is_told_and_after_the_next_one_the_consumer_is_told_to_look()
    {
        await using var watch = new HostWatch(_host);
        await watch.SeesAsync<ConnectedEvent>();
        _opening.Cut();
        await watch.SeesAsync<DisconnectedEvent>();
        await watch.SeesAsync<ConnectedEvent>(e => e.Missed);
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;
        await watch.SeesAsync(uuid, "defined");
    }

    [Fact]
    public async Task A_host_that_is_down_is_told_once_and_followed_when_it_comes()
    {
        _opening.FailWith("no such socket");
        await using var watch = new HostWatch(_host);
        var down = await watch.SeesAsync<DisconnectedEvent>();
        Assert.Contains("no such socket", down.Reason, StringComparison.Ordinal);
        while (_opening.Attempts < 3)
            await Task.Yield();
        _opening.FailWith(null);
        Assert.False((await watch.SeesAsync<ConnectedEvent>()).Missed);
        Assert.Single(watch.Seen.OfType<DisconnectedEvent>());
    }

    [Fact]
    public async Task A_consumer_leaves_by_cancellation_and_others_stay()
    {
        await using var stays = new HostWatch(_host);
        await stays.SeesAsync<ConnectedEvent>();
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var happened in _host.WatchAsync(cancel.Token))
            {
                Assert.IsType<ConnectedEvent>(happened);
                await cancel.CancelAsync();
            }
        });
        var uuid = (await _host.Domains.DefineAsync(Some.Domain(Some.Name()))).Uuid;
        await stays.SeesAsync(uuid, "defined");
    }

    [Fact]
    public async Task A_closed_host_ends_its_consumers()
    {
        var host = Some.Host();
        var ended = Task.Run(async () =>
        {
            await foreach (var happened in host.WatchAsync())
            {
                if (happened is ConnectedEvent)
                    await host.DisposeAsync();
            }
        });
        await ended.WaitAsync(Some.Patience);
    }

    [Fact]
    public async Task Who_is_too_far_behind_gets_one_word_to_look_again_in_place_of_what_it_missed()
    {
        var time = new ManualTime();
        var queue = new EventQueue(limit: 3, time);
        Assert.True(queue.Add(new ConnectedEvent(time.GetUtcNow(), Missed: false)));
        Assert.True(queue.Add(new RebootEvent(time.GetUtcNow(), Guid.NewGuid(), "a")));
        Assert.True(queue.Add(new RebootEvent(time.GetUtcNow(), Guid.NewGuid(), "b")));
        Assert.False(queue.Add(new RebootEvent(time.GetUtcNow(), Guid.NewGuid(), "c")));
        Assert.True(queue.Add(new RebootEvent(time.GetUtcNow(), Guid.NewGuid(), "d")));
        Assert.True(Assert.IsType<ConnectedEvent>(await queue.NextAsync(default)).Missed);
        Assert.Equal("d", Assert.IsType<RebootEvent>(await queue.NextAsync(default)).Name);
    }

    [Fact]
    public async Task Who_is_behind_still_hears_that_the_host_is_gone()
    {
        var time = new ManualTime();
        var queue = new EventQueue(limit: 1, time);
        queue.Add(new ConnectedEvent(time.GetUtcNow(), Missed: false));
        queue.Add(new DisconnectedEvent(time.GetUtcNow(), "eof"));
        Assert.IsType<ConnectedEvent>(await queue.NextAsync(default));
        Assert.IsType<DisconnectedEvent>(await queue.NextAsync(default));
    }

    [Fact]
    public void Constants_of_a_newer_libvirt_are_named_by_their_number()
    {
        Assert.Equal("unknown-77", EventNames.Kind(77));
        Assert.Equal("unknown-9", EventNames.Detail(77, 9));
        Assert.Equal("unknown-99", EventNames.Detail(5, 99));
        Assert.Equal("crashed", EventNames.Detail(5, 2));
        Assert.Equal("io-error", EventNames.Detail(3, 2));
        Assert.Equal("inject-nmi", EventNames.WatchdogAction(6));
        Assert.Equal("unknown-20", Subjects.StateReasons.NameOf(5, 20));
        Assert.Equal("io-error", Subjects.StateReasons.NameOf((int)DomainState.Paused, 5));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _opening.Dispose();
    }
}
