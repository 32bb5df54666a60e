using System.Collections.Concurrent;
using System.Threading.Channels;
using Heal.Activities;
using Heal.Functions.Alerts;
using Heal.Functions.Machines;
using Heal.Functions.Watches;
using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Functions.Tests;

/// <summary>The watch of all hosts: whose turn it is, what it brings to the store, and what it does while the store is away.</summary>
public sealed class MachineFeedTests : IAsyncLifetime
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    private readonly WatchRig _rig = new();
    private readonly SignalStore _store = new();
    private readonly KnownSignals _known = new();
    private readonly MemoryLease _lease = new();
    private readonly NoHub _client = new();
    private readonly WatchMetrics _metrics = new();
    private readonly List<MachineFeed> _feeds = [];

    public Task InitializeAsync()
    {
        _rig.Guest();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        foreach (MachineFeed feed in _feeds)
        {
            await feed.StopAsync(CancellationToken.None);
            feed.Dispose();
        }

        _metrics.Dispose();
    }

    [Fact]
    public async Task It_watches_from_its_turn_on_and_stores_what_it_finds()
    {
        MachineFeed feed = await StartAsync();
        Assert.Equal(0, _rig.Host.Watchers);

        await BeginsAsync(feed);
        _rig.Host.Guests.Kill("web");

        Assert.Equal("LibvirtDomainCrashed", (await _store.NextAsync()).Alert.Name);
    }

    [Fact]
    public async Task Without_hosts_or_when_the_settings_say_so_it_does_nothing()
    {
        _rig.Settings.CurrentValue.Watch = false;
        MachineFeed off = await StartAsync();
        off.TakePart(_client);
        MachineFeed idle = await StartAsync(_rig.Tools with { Hosts = new FakeLibvirtHosts() });

        await off.ExecuteTask!.WaitAsync(WatchRig.Patience);
        await idle.ExecuteTask!.WaitAsync(WatchRig.Patience);
        Assert.Equal(0, _rig.Host.AllCalls());
    }

    [Fact]
    public async Task What_a_store_that_is_away_does_not_take_is_brought_again_until_it_does()
    {
        await BeginsAsync(await StartAsync());
        _store.Fails(3);

        _rig.Host.Guests.Kill("web");
        for (int i = 0; i < 3; i++)
        {
            await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + Again);
            await PassAsync(Again);
        }

        Signal stored = await _store.NextAsync();
        Assert.Equal(("web", _rig.Time.GetUtcNow() - (3 * Again)), (stored.Target!.Name, stored.Alert.StartsAt));
        Assert.Equal(4, _store.Attempts);
    }

    [Fact]
    public async Task When_another_takes_its_turn_it_lets_the_host_go_and_the_next_turn_does_not_tell_again_what_is_known()
    {
        await BeginsAsync(await StartAsync());
        _rig.Host.Guests.Kill("web");
        Signal first = await _store.NextAsync();
        _known.Add(first);

        _lease.GiveTo("another");
        _rig.Time.Advance(WatchTurn.RenewEvery);
        await _rig.UntilAsync(() => _rig.Host.Watchers == 0);
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + WatchTurn.LookEvery);
        _lease.GiveTo(null);
        _rig.Time.Advance(WatchTurn.LookEvery);
        await _rig.Memory.LookedAsync(2);
        _rig.Guest("db");
        _rig.Host.Guests.Kill("db");

        // the one that is new comes alone
        Assert.Equal("db", (await _store.NextAsync()).Target!.Name);
    }

    [Fact]
    public async Task A_turn_that_is_renewed_goes_on()
    {
        await BeginsAsync(await StartAsync());
        for (int i = 0; i < 10; i++)
        {
            await PassAsync(WatchTurn.RenewEvery);
        }

        _rig.Host.Guests.Kill("web");

        Assert.Equal("web", (await _store.NextAsync()).Target!.Name);
        Assert.Equal(1, _rig.Host.Watchers);
    }

    [Fact]
    public async Task Who_cannot_renew_its_turn_ends_it_before_another_may_begin()
    {
        await BeginsAsync(await StartAsync());
        DateTimeOffset renewedAt = _rig.Time.GetUtcNow();

        _lease.IsAway = true;
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(WatchTurn.RenewEvery);
        }

        Assert.Equal(1, _rig.Host.Watchers);
        _rig.Time.Advance(WatchTurn.RenewEvery);
        await _rig.UntilAsync(() => _rig.Host.Watchers == 0);
        Assert.True(_rig.Time.GetUtcNow() < renewedAt + WatchTurn.Length);
    }

    [Fact]
    public async Task Of_two_healers_one_watches_and_when_it_stops_the_other_goes_on_with_what_is_known()
    {
        MachineFeed first = await StartAsync();
        await BeginsAsync(first);
        MachineFeed second = await StartAsync();
        second.TakePart(_client);
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + WatchTurn.LookEvery);
        Assert.Equal(1, _rig.Host.Watchers);
        _rig.Host.Guests.Kill("web");
        _known.Add(await _store.NextAsync());

        await first.StopAsync(CancellationToken.None);
        _rig.Time.Advance(WatchTurn.LookEvery);
        await _rig.Memory.LookedAsync(2);
        _rig.Guest("db");
        _rig.Host.Guests.Kill("db");

        Assert.Equal("db", (await _store.NextAsync()).Target!.Name);
        Assert.Equal((1, 2), (_rig.Host.Watchers, _store.Attempts));
    }

    [Fact]
    public async Task A_watch_that_ends_by_a_fault_begins_anew()
    {
        _known.Fails(1);
        MachineFeed feed = await StartAsync();
        feed.TakePart(_client);
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + Again);
        Assert.Equal(0, _rig.Host.Watchers);

        _rig.Time.Advance(Again);
        await _rig.Memory.LookedAsync(2);
        _rig.Host.Guests.Kill("web");

        Assert.Equal("web", (await _store.NextAsync()).Target!.Name);
    }

    [Fact]
    public async Task A_fault_that_comes_again_with_every_try_is_told_once_and_its_end_too()
    {
        _known.Fails(3);
        var log = new Lines();
        MachineFeed feed = await StartAsync(log: log);
        feed.TakePart(_client);
        for (int i = 0; i < 3; i++)
        {
            await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + Again);
            _rig.Time.Advance(Again);
        }

        await _rig.Memory.LookedAsync(2);
        Assert.Single(log.Said, static line => line.Contains("ended by a fault of its own", StringComparison.Ordinal));

        _rig.Host.BreakEvents(new InvalidOperationException("no events"));
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + Again);
        _rig.Time.Advance(Again);
        await _rig.Memory.LookedAsync(2);

        Assert.Equal(2, log.Said.Count(static line => line.Contains("ended by a fault of its own", StringComparison.Ordinal)));
        Assert.Equal(2, log.Said.Count(static line => line.Contains("are heard again", StringComparison.Ordinal)));
        Assert.Single(log.Said, static line => line.Contains("hv1 answers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_hangs_keeps_no_other_waiting()
    {
        var other = new FakeLibvirtHost("hv2", _rig.Time);
        other.Guests.Add("db", vm: "<vm desired='running' autonomy='act'/>");
        HeldCall held = _rig.Host.Hold("List");
        MachineFeed feed = await StartAsync(_rig.Tools with { Hosts = new FakeLibvirtHosts(_rig.Host, other) });
        feed.TakePart(_client);
        await held.Entered.WaitAsync(WatchRig.Patience);
        await _rig.Memory.LookedAsync(2);

        other.Guests.Kill("db");

        Assert.Equal(("hv2", "db"), await _store.NextAsync() is { Target: { } found } ? (found.Host, found.Name) : default);
    }

    private async Task<MachineFeed> StartAsync(MachineTools? tools = null, ILogger<MachineFeed>? log = null)
    {
        var routing = new RoutingPump(_store, _rig.Time, new NoLifetime(), NullLogger<RoutingPump>.Instance);
        var intake = new SignalIntake(_store, routing, NullLogger<SignalIntake>.Instance);
        var feed = new MachineFeed(
            new Inventories(tools ?? _rig.Tools), _rig.Settings, intake, _known, _lease, _metrics, _rig.Time,
            log ?? NullLogger<MachineFeed>.Instance);
        _feeds.Add(feed);
        await feed.StartAsync(CancellationToken.None);
        return feed;
    }

    /// <summary>Lets it take its turn, and returns once it has looked at everything: at its begin, and for the connection.</summary>
    private async Task BeginsAsync(MachineFeed feed)
    {
        feed.TakePart(_client);
        await _rig.Memory.LookedAsync(2);
    }

    /// <summary>Lets time pass, and returns once the turn has been renewed.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        _rig.Time.Advance(time);
        await _rig.Time.WaitsUntilAsync(_rig.Time.GetUtcNow() + WatchTurn.RenewEvery);
    }

    private sealed class Lines : ILogger<MachineFeed>
    {
        private readonly ConcurrentQueue<string> _said = new();

        public IReadOnlyCollection<string> Said => _said;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _said.Enqueue(formatter(state, exception));
    }

    private sealed class KnownSignals : IKnownEpisodes
    {
        private readonly List<KnownEpisode> _episodes = [];
        private int _failures;

        public void Add(Signal signal) => _episodes.Add(new KnownEpisode(signal, IsSettled: false));

        public void Fails(int times) => _failures = times;

        public Task<IReadOnlyList<KnownEpisode>> ReadAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
            _failures-- > 0 ? throw new IOException("the store is away") : Task.FromResult<IReadOnlyList<KnownEpisode>>([.. _episodes]);
    }

    /// <summary>Takes what comes, copies too, and recognises those by their ids. Nothing waits to be routed.</summary>
    private sealed class SignalStore : ISignalWriter
    {
        private readonly Channel<Signal> _came = Channel.CreateUnbounded<Signal>();
        private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
        private readonly Lock _gate = new();
        private int _failures;

        public bool HasNews => false;

        public int Attempts { get; private set; }

        public int Stored
        {
            get
            {
                lock (_gate)
                {
                    return _ids.Count;
                }
            }
        }

        public void Fails(int times) => _failures = times;

        public Task<Signal> NextAsync() => _came.Reader.ReadAsync().AsTask().WaitAsync(WatchRig.Patience);

        public Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<Signal> signals, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                Attempts++;
                if (_failures-- > 0)
                {
                    throw new IOException("the store is away");
                }

                bool[] isNew = [.. signals.Select(signal => _ids.Add(signal.Id))];
                foreach (Signal signal in signals)
                {
                    _came.Writer.TryWrite(signal);
                }

                return Task.FromResult<IReadOnlyList<bool>>(isNew);
            }
        }
    }
}
