using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>The alert that always fires, on a real PostgreSQL and by a clock that the test moves: heard, missed, heard again.</summary>
public sealed class AlertHeartbeatTests : IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly TestDatabase _database = new();
    private readonly ManualTime _time = new(Some.Noon);
    private readonly MessageDesk _desk = new();
    private readonly HealOptions _options = new()
    {
        Cluster = "test", Watchdog = new WatchdogOptions { Within = TimeSpan.FromMinutes(10) },
    };

    private HealDatabase _heal = null!;
    private AlertHeartbeat _heartbeat = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
        _heartbeat = NewHost();
    }

    public async Task DisposeAsync()
    {
        await _heal.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Its_absence_is_told_once_and_its_return_takes_that_back()
    {
        await BeatAsync();
        await PassAsync(9);
        Assert.Empty(_desk.Told);

        await PassAsync(20);
        await BeatAsync();
        await PassAsync(5);

        Assert.Equal(["trigger", "resolve"], _desk.Told.Select(message => message.Resolves ? "resolve" : "trigger"));
        Assert.Single(_desk.Told.Select(message => message.Key).Distinct());
        Assert.Contains($"'Watchdog', which always fires, was heard last at {Some.Noon:u}", _desk.Told.First().Text);
        Assert.Equal(1L, await CountAsync("hand_off"));
    }

    [Fact]
    public async Task A_second_silence_is_told_as_another_one()
    {
        await BeatAsync();
        await PassAsync(11);
        await BeatAsync();
        await PassAsync(12);

        Assert.Equal([false, true, false], _desk.Told.Select(message => message.Resolves));
        Assert.Equal(2L, await CountAsync("hand_off"));
    }

    [Fact]
    public async Task An_alert_that_is_known_already_counts_each_time_that_it_comes()
    {
        for (var i = 0; i < 10; i++)
        {
            await BeatAsync();
            await PassAsync(4);
        }

        Assert.Empty(_desk.Told);
    }

    [Fact]
    public async Task One_that_never_came_is_missed_too()
    {
        await PassAsync(11);

        Assert.Contains("was never heard since", Assert.Single(_desk.Told).Text);
    }

    [Fact]
    public async Task A_restart_in_between_forgets_nothing_and_tells_nothing_twice()
    {
        await BeatAsync();
        await PassAsync(6);
        _heartbeat = NewHost();
        await PassAsync(4);
        Assert.Single(_desk.Told);

        _heartbeat = NewHost();
        await PassAsync(5);
        Assert.Single(_desk.Told);
        await BeatAsync();
        await PassAsync(1);

        Assert.Equal(2, _desk.Told.Count);
    }

    [Fact]
    public async Task Time_in_which_no_host_was_up_does_not_count()
    {
        await BeatAsync();
        await PassAsync(5);
        _time.Advance(TimeSpan.FromHours(8));
        await PassAsync(9);
        Assert.Empty(_desk.Told);

        await PassAsync(2);

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task Of_several_hosts_that_look_at_once_one_tells()
    {
        await BeatAsync();
        await PassAsync(9);
        _time.Advance(2 * Minute);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => NewHost().LookAsync(CancellationToken.None)));

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_tried_again_until_it_does()
    {
        await BeatAsync();
        await PassAsync(9);
        _desk.Refuses = new MessageException("nobody is there", isFinal: false);
        _time.Advance(Minute);
        await Assert.ThrowsAsync<MessageException>(() => _heartbeat.LookAsync(CancellationToken.None));
        _heartbeat = NewHost();
        _time.Advance(Minute);
        await Assert.ThrowsAsync<MessageException>(() => _heartbeat.LookAsync(CancellationToken.None));

        _desk.Refuses = null;
        await PassAsync(3);

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task A_receiver_that_refuses_to_take_it_back_does_not_hide_the_next_silence()
    {
        await BeatAsync();
        await PassAsync(11);
        await BeatAsync();
        _desk.Refuses = new MessageException("it is not known any more", isFinal: true);
        await PassAsync(1);
        _desk.Refuses = null;
        await PassAsync(10);

        Assert.Equal([false, false], _desk.Told.Select(message => message.Resolves));
    }

    [Theory]
    [InlineData("Watchdog", AlertStatus.Resolved, null)]
    [InlineData("Watchdog", AlertStatus.Firing, "elsewhere")]
    [InlineData("Other", AlertStatus.Firing, null)]
    public async Task What_does_not_prove_that_alerts_arrive_does_not_count(string name, AlertStatus status, string? cluster)
    {
        await BeatAsync();
        await PassAsync(5);
        await _heartbeat.HearAsync([Named(name, status, cluster)], CancellationToken.None);
        await PassAsync(6);

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task Unless_a_setting_says_so_nobody_waits_for_it()
    {
        _options.Watchdog.Within = null;
        await BeatAsync();
        await PassAsync(100);

        Assert.Empty(_desk.Told);
        Assert.Equal(0L, await CountAsync("heartbeat"));
    }

    [Theory]
    [InlineData(true, TargetVerdict.Ignored)]
    [InlineData(false, TargetVerdict.Found)]
    public void An_alert_that_is_waited_for_names_no_fault_whatever_its_labels(bool isOn, TargetVerdict expected)
    {
        _options.Watchdog = new WatchdogOptions { Alert = "DeadMansSwitch", Within = isOn ? TimeSpan.FromMinutes(10) : null };
        var signal = Named("DeadMansSwitch", AlertStatus.Firing, null);

        Assert.Equal(expected, new TargetRealms([], new FixedHealOptions(_options)).NewResolver().Identify(signal).Verdict);
    }

    [Theory]
    [InlineData("Within", "00:00:30")]
    [InlineData("Within", "2.00:00:00")]
    [InlineData("Alert", "")]
    public void A_faulty_setting_is_told(string setting, string value)
    {
        if (setting == "Alert") _options.Watchdog.Alert = value;
        else _options.Watchdog.Within = TimeSpan.Parse(value, System.Globalization.CultureInfo.InvariantCulture);

        Assert.Contains($"Heal:Watchdog:{setting}: expected", new HealOptionsValidator().Validate(null, _options).FailureMessage);
    }

    private static Signal Named(string name, AlertStatus status, string? cluster)
    {
        var labels = new Dictionary<string, string> { ["alertname"] = name, ["namespace"] = "monitoring" };
        if (cluster is not null) labels["cluster"] = cluster;
        return Signal.Of(
            new Alert(name, status, labels, new Dictionary<string, string>(), Some.Noon, null, name), SignalSource.Webhook, Some.Noon);
    }

    private Task BeatAsync() => _heartbeat.HearAsync([Named("Watchdog", AlertStatus.Firing, null)], CancellationToken.None);

    /// <summary>Lets minutes pass, with the look that each brings.</summary>
    private async Task PassAsync(int minutes)
    {
        for (var i = 0; i < minutes; i++)
        {
            _time.Advance(Minute);
            await _heartbeat.LookAsync(CancellationToken.None);
        }
    }

    private AlertHeartbeat NewHost() => new(
        _heal.DataSource, new HandOffStore(_heal.DataSource), _desk, new FixedHealOptions(_options), _time,
        NullLogger<AlertHeartbeat>.Instance);

    private async Task<long> CountAsync(string table)
    {
        await using var command = _heal.DataSource.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
