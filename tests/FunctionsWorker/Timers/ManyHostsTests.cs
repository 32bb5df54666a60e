using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Timers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Heal.FunctionsWorker.Tests.Timers;

/// <summary>Several real hosts, each with its own journal unless they share one, on one PostgreSQL.</summary>
public sealed class ManyHostsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _time = new(Noon);
    private AppDatabase _database = null!;

    public async Task InitializeAsync() => _database = await AppDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [InlineData(true, 100)]
    [InlineData(false, 20)]
    public async Task Of_two_hosts_exactly_one_runs_each_occurrence(bool onPostgres, int occurrences)
    {
        var journal = new Journal();
        string state = Directory.CreateTempSubdirectory("two-hosts-").FullName;
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        settings["HEAL_STATE"] = state;
        settings["DURABLE_POSTGRES"] = onPostgres ? _database.ConnectionString : "";
        await using TestHost one = await StartAsync(settings, _time, journal, Lease(TimeSpan.FromHours(1)));
        await using TestHost other = await StartAsync(settings, _time, journal, Lease(TimeSpan.FromHours(1)));
        TimerSchedule schedule = TimerSchedule.Parse("0 */7 * * * *", TimeZoneInfo.Utc)!;
        DateTimeOffset due = schedule.Next(Noon)!.Value;
        await _time.WaitsUntilAsync(due, waiters: 2);
        for (int i = 0; i < occurrences; i++)
        {
            _time.MoveTo(due);
            await journal.NextAsync();
            due = schedule.Next(due)!.Value;
            // Who lost waits for the next occurrence, too: the race is between two that start at the same instant.
            await _time.WaitsUntilAsync(due, waiters: 2);
        }

        Assert.Equal(occurrences, journal.Entries.Count);
        Assert.DoesNotContain(journal.Entries, static entry => entry.Contains("late=True", StringComparison.Ordinal));
        Directory.Delete(state, recursive: true);
    }

    [Theory]
    [InlineData("2026-03-28T01:00:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")] // no 02:30 on the 29th
    [InlineData("2026-10-24T00:00:00Z", "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")] // two 02:30 on the 25th
    public async Task Two_hosts_run_each_night_of_a_change_of_the_clock_once(string from, params string[] expected)
    {
        var time = new ManualTime(DateTimeOffset.Parse(from, CultureInfo.InvariantCulture));
        var journal = new Journal();
        Dictionary<string, string> settings = Settings("0 30 2 * * *");
        settings["WEBSITE_TIME_ZONE"] = "Europe/Berlin";
        // Renewed at a third of it, which is no time that the functions wait for.
        await using TestHost one = await StartAsync(settings, time, journal, Lease(TimeSpan.FromDays(4)));
        await using TestHost other = await StartAsync(settings, time, journal, Lease(TimeSpan.FromDays(4)));
        foreach (DateTimeOffset due in expected.Select(static text => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture)))
        {
            if (time.GetUtcNow().AddDays(1) is var tomorrow && tomorrow < due)
            {
                // No host here waits for more than a day at a time.
                await time.WaitsUntilAsync(tomorrow, waiters: 2);
                time.MoveTo(tomorrow);
            }

            await time.WaitsUntilAsync(due, waiters: 2);
            time.MoveTo(due);
            await journal.NextAsync();
        }

        await time.WaitsUntilAsync(DateTimeOffset.Parse(expected[^1], CultureInfo.InvariantCulture).AddDays(1), waiters: 2);
        Assert.Equal(expected.Length, journal.Entries.Count);
        Assert.DoesNotContain(journal.Entries, static entry => entry.Contains("late=True", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_missed_while_no_host_ran_is_run_once_after_the_start_and_is_past_due()
    {
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        await using (TestHost first = await StartAsync(settings, _time))
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
            _time.MoveTo(Noon.AddMinutes(7));
            await first.Get<Journal>().NextAsync();
            await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        }

        _time.MoveTo(Noon.AddMinutes(50));
        await using TestHost second = await StartAsync(settings, _time);
        await second.Get<Journal>().NextAsync();
        await _time.WaitsUntilAsync(Noon.AddMinutes(56));
        Assert.Equal(["tick next=12:56:00 late=True"], second.Get<Journal>().Entries);
        Assert.Contains("Tick: 5 further occurrences passed", second.Log.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_are_counted_with_how_late_they_were_and_what_they_stand_for()
    {
        var measured = new ConcurrentQueue<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, l) =>
        {
            if (instrument.Name.StartsWith("functions.timer.", StringComparison.Ordinal))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        // Beat runs in no other class: the others' measurements come in here, too.
        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Equals(tags[0].Value, "Beat"))
            {
                measured.Enqueue($"{instrument.Name}={value}");
            }
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        await using TestHost host = await StartAsync(Settings("0 */7 * * * *"), _time, listener: "Beat");
        host.Get<Journal>().Fail = true;
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        _time.MoveTo(Noon.AddMinutes(22));
        await _time.WaitsUntilAsync(Noon.AddMinutes(28));
        Assert.Equal(
            ["functions.timer.fired=1", "functions.timer.late=900", "functions.timer.missed=2", "functions.timer.failed=1"], measured);
    }

    [Fact]
    public async Task What_an_unmonitored_function_missed_is_not_made_up_for()
    {
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        await using (await StartAsync(settings, _time, listener: "Beat"))
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        }

        _time.MoveTo(Noon.AddMinutes(50));
        await using TestHost second = await StartAsync(settings, _time, listener: "Beat");
        await _time.WaitsUntilAsync(Noon.AddMinutes(56));
        Assert.Empty(second.Get<Journal>().Entries);
        _time.MoveTo(Noon.AddMinutes(56));
        await second.Get<Journal>().NextAsync();
        Assert.Equal(["beat status=False late=False"], second.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_schedule_that_changed_begins_anew_and_is_not_past_due()
    {
        await using (await StartAsync(Settings("0 */7 * * * *"), _time))
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        }

        _time.MoveTo(Noon.AddMinutes(20));
        await using TestHost second = await StartAsync(Settings("0 */11 * * * *"), _time);
        await _time.WaitsUntilAsync(Noon.AddMinutes(22));
        Assert.Empty(second.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_host_with_an_older_schedule_stands_by_and_comes_back_when_the_newer_one_is_gone()
    {
        await using TestHost old = await StartAsync(Settings("0 */7 * * * *"), _time);
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        await using (await StartAsync(Settings("0 */17 * * * *"), _time))
        {
            await _time.WaitsUntilAsync(Noon.AddMinutes(17));
            _time.MoveTo(Noon.AddMinutes(7));
            // Its bid fails, it sees why, and looks again in a minute.
            await _time.WaitsUntilAsync(Noon.AddMinutes(8));
        }

        Assert.Contains("a host that started later put '0 */17 * * * *' in force", old.Log.All, StringComparison.Ordinal);
        _time.MoveTo(Noon.AddMinutes(18.5));
        await _time.WaitsUntilAsync(Noon.AddMinutes(21));
        _time.MoveTo(Noon.AddMinutes(21));
        await old.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=12:28:00 late=False"], old.Get<Journal>().Entries);
    }

    [Fact]
    public async Task RunOnStartup_runs_at_each_start_beside_the_schedule()
    {
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        await using (TestHost first = await StartAsync(settings, _time, listener: "Wake"))
        {
            await first.Get<Journal>().NextAsync();
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
            Assert.Equal(["wake last=00:00:00 next=12:07:00 late=False"], first.Get<Journal>().Entries);
        }

        _time.MoveTo(Noon.AddMinutes(2));
        await using TestHost second = await StartAsync(settings, _time, listener: "Wake");
        await second.Get<Journal>().NextAsync();
        await _time.WaitsUntilAsync(Noon.AddMinutes(7));
        Assert.Equal(["wake last=12:00:00 next=12:07:00 late=False"], second.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_host_that_is_lost_in_a_run_is_followed_by_another_once_and_its_own_run_is_cancelled()
    {
        await using SwitchableProxy proxy = Proxy(out string throughProxy);
        proxy.SwitchOn();
        Dictionary<string, string> settings = Settings("*/1 * * * * *");
        settings["DURABLE_POSTGRES"] = throughProxy;
        var lease = new TimerLease
        {
            Duration = TimeSpan.FromSeconds(1.5),
            TakeoverGrace = TimeSpan.FromSeconds(0.3),
            RetryDelay = TimeSpan.FromSeconds(0.1),
        };
        await using TestHost lost = await StartAsync(settings, TimeProvider.System, lease: lease);
        lost.Get<Journal>().Hold = true;
        await lost.Get<Journal>().NextAsync();
        settings["DURABLE_POSTGRES"] = _database.ConnectionString;
        await using TestHost other = await StartAsync(settings, TimeProvider.System, lease: lease);

        await proxy.SwitchOffAsync();

        await other.Get<Journal>().NextAsync();
        Assert.Contains("late=True", other.Get<Journal>().Entries.First(), StringComparison.Ordinal);
        Assert.Contains("is out of reach, it is run again here", other.Log.All, StringComparison.Ordinal);
        await other.Get<Journal>().NextAsync();
        Assert.Single(lost.Get<Journal>().Entries);
        await lost.Log.ContainsAsync("Timer function Tick was cancelled because this host stops or lost its lease");
        lost.Get<Journal>().Hold = false;
        proxy.SwitchOn();
        await lost.Log.ContainsAsync("another host took its lease and ran the occurrence again");
    }

    [Fact]
    public async Task A_host_whose_clock_is_ahead_says_so_and_silences_no_other()
    {
        Dictionary<string, string> settings = Settings("*/1 * * * * *");
        await using TestHost ahead = await StartAsync(
            settings, new ClockAhead(TimeSpan.FromDays(1)), lease: new TimerLease());
        await ahead.Log.ContainsAsync("Timer function Tick does not fire on this host: its clock is ahead by");
        await using TestHost right = await StartAsync(settings, TimeProvider.System);
        await right.Get<Journal>().NextAsync();
        await right.Get<Journal>().NextAsync();
        Assert.Empty(ahead.Get<Journal>().Entries);
    }

    [Fact]
    public async Task While_the_store_is_away_the_host_says_so_and_goes_on_when_it_is_back()
    {
        await using SwitchableProxy proxy = Proxy(out string throughProxy);
        proxy.SwitchOn();
        Dictionary<string, string> settings = Settings("*/1 * * * * *");
        settings["DURABLE_POSTGRES"] = throughProxy;
        await using TestHost host = await StartAsync(
            settings, TimeProvider.System, lease: new TimerLease { RetryDelay = TimeSpan.FromSeconds(0.1) });
        await host.Get<Journal>().NextAsync();

        await proxy.SwitchOffAsync();

        await host.Log.ContainsAsync("it keeps trying, nothing fires twice");
        HttpResponseMessage ready = await host.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("timer function 'Tick'", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        int before = host.Get<Journal>().Entries.Count;
        proxy.SwitchOn();
        await Azurite.UntilAsync(() => Task.FromResult(host.Get<Journal>().Entries.Count > before + 1), "two runs after the outage");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task A_host_that_stops_in_a_run_ends_it_and_gives_its_lease_back()
    {
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        await using (TestHost first = await StartAsync(settings, _time))
        {
            first.Get<Journal>().Hold = true;
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
            _time.MoveTo(Noon.AddMinutes(7));
            await first.Get<Journal>().NextAsync();
            Task stopped = first.Host.StopAsync();
            first.Get<Journal>().GoOn.Release();
            await stopped;
        }

        await using TestHost second = await StartAsync(settings, _time);
        await _time.WaitsUntilAsync(Noon.AddMinutes(14));
        Assert.Empty(second.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_run_that_a_stopping_host_cuts_short_is_run_again_by_the_next()
    {
        Dictionary<string, string> settings = Settings("0 */7 * * * *");
        settings["FUNCTIONS_DRAIN_TIMEOUT"] = "00:00:00";
        await using (TestHost first = await StartAsync(settings, _time))
        {
            first.Get<Journal>().Hold = true;
            await _time.WaitsUntilAsync(Noon.AddMinutes(7));
            _time.MoveTo(Noon.AddMinutes(7));
            await first.Get<Journal>().NextAsync();
            await first.Host.StopAsync();
            Assert.Contains("the occurrence is run again", first.Log.All, StringComparison.Ordinal);
        }

        _time.MoveTo(Noon.AddMinutes(8));
        await using TestHost second = await StartAsync(settings, _time);
        await second.Get<Journal>().NextAsync();
        Assert.Equal(["tick next=12:14:00 late=True"], second.Get<Journal>().Entries);
    }

    private static Dictionary<string, string> Common(string schedule) => new(StringComparer.Ordinal)
    {
        ["TICK"] = schedule,
        ["BEAT"] = schedule,
        ["WAKE"] = schedule,
    };

    // A loop that looks again every minute has no one time that it waits for; and the time of these tests is not the server's.
    private static TimerLease Lease(TimeSpan duration) => new()
    {
        Duration = duration,
        LookAgainAfter = TimeSpan.FromDays(1),
        ClockTolerance = TimeSpan.MaxValue,
    };

    private static Task<TestHost> StartAsync(
        Dictionary<string, string> settings,
        TimeProvider time,
        Journal? journal = null,
        TimerLease? lease = null,
        string listener = "Tick") => TestHost.StartAsync(
            builder => Configure(builder, time, journal, lease), settings, listeners: [listener]);

    private static void Configure(FunctionsApplicationBuilder builder, TimeProvider time, Journal? journal, TimerLease? lease)
    {
        builder.Services.AddSingleton(time).AddSingleton(lease ?? Lease(TimeSpan.FromSeconds(30)));
        if (journal is not null)
        {
            builder.Services.AddSingleton(journal);
        }
    }

    private Dictionary<string, string> Settings(string schedule) =>
        new(Common(schedule), StringComparer.Ordinal) { ["DURABLE_POSTGRES"] = _database.ConnectionString };

    private SwitchableProxy Proxy(out string connection)
    {
        var server = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        var proxy = new SwitchableProxy(server.Port);
        server.Port = proxy.Port;
        connection = server.ConnectionString;
        return proxy;
    }

    private sealed class ClockAhead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
