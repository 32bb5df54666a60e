using Heal.Healing;
using Heal.Postgres;
using Heal.Postgres.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Whether people hear of a hand-off, on a real PostgreSQL and by a clock that the test moves.</summary>
public sealed class HandOffTests : IAsyncLifetime
{
    private readonly TestDatabase _database = new();
    private readonly ManualTime _time = new(Some.Noon);
    private readonly MessageDesk _desk = new();
    private HealDatabase _heal = null!;

    public async Task InitializeAsync()
    {
        await _database.InitializeAsync();
        _heal = new HealDatabase(PostgresDataSource.Create(_database.ConnectionString, HealStore.Schema, "test"), HealStore.Schema);
        await _heal.MigrateAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _heal.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(false)] // away: the incident waits a quarter of an hour for it
    [InlineData(true)] // it refuses: a token that has run out
    public async Task People_are_told_when_their_receiver_is_back_though_the_incident_went_on_without_them(bool isFinal)
    {
        var handOff = HandOff("incident-1");
        _desk.Refuses = new MessageException("not now", isFinal);
        if (!isFinal)
        {
            await Assert.ThrowsAsync<MessageException>(() => EscalateAsync(handOff));
            _time.Advance(EscalateActivity.TriedFor + TimeSpan.FromMinutes(1));
        }

        Assert.True(await EscalateAsync(handOff));
        _time.MoveTo(Some.Noon + TimeSpan.FromHours(2));
        await Desk().TendAsync(CancellationToken.None);
        _desk.Refuses = null;
        _time.Advance(HandOffDesk.LongestPause);
        await Desk().TendAsync(CancellationToken.None);
        await Desk().TendAsync(CancellationToken.None);

        Assert.Equal("incident-1", Assert.Single(_desk.Told).IncidentId);
        Assert.Equal("2026-01-01 14:10:00+00", await DeliveredAsync());
    }

    [Fact]
    public async Task One_whose_orchestration_was_lost_between_the_record_and_the_message_is_told()
    {
        await new HandOffStore(_heal.DataSource).RecordAsync(HandOff("lost"), Some.Noon.AddMinutes(17), CancellationToken.None);

        await Desk().TendAsync(CancellationToken.None);
        Assert.Empty(_desk.Told);
        _time.Advance(TimeSpan.FromMinutes(17));
        await Desk().TendAsync(CancellationToken.None);

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task What_people_were_told_at_once_is_not_told_again()
    {
        await EscalateAsync(HandOff("incident-1"));
        _time.Advance(TimeSpan.FromHours(3));

        await Desk().TendAsync(CancellationToken.None);

        Assert.Single(_desk.Told);
    }

    [Fact]
    public async Task A_later_hand_off_that_is_made_while_people_are_told_of_the_first_is_told_too()
    {
        var store = new HandOffStore(_heal.DataSource);
        await store.RecordAsync(HandOff("incident-1"), Some.Noon, CancellationToken.None);
        var later = HandOff("incident-1") with { At = Some.Noon.AddMinutes(1), Reason = "it is back" };
        _desk.OnTold = () => store.RecordAsync(later, later.At, CancellationToken.None);

        await Desk().TendAsync(CancellationToken.None);
        _desk.OnTold = null;
        _time.Advance(TimeSpan.FromMinutes(1));
        await Desk().TendAsync(CancellationToken.None);
        await Desk().TendAsync(CancellationToken.None);

        Assert.Equal(2, _desk.Told.Count);
        Assert.NotNull(await DeliveredAsync());
    }

    [Fact]
    public async Task After_a_day_it_is_given_up_with_a_limit_on_the_tries_and_those_of_one_look()
    {
        _desk.Refuses = new MessageException("not now", isFinal: true);
        for (var i = 0; i < 10; i++) await EscalateAsync(HandOff($"incident-{i}"));
        var asked = _desk.Asked;
        _time.Advance(TimeSpan.FromHours(1));

        await Desk().TendAsync(CancellationToken.None);
        Assert.Equal(3, _desk.Asked - asked);
        for (var i = 0; i < 400; i++)
        {
            _time.Advance(HandOffDesk.LongestPause);
            await Desk().TendAsync(CancellationToken.None);
        }

        asked = _desk.Asked;
        _time.Advance(TimeSpan.FromDays(1));
        await Desk().TendAsync(CancellationToken.None);
        Assert.Equal(asked, _desk.Asked);
    }

    private static HandOff HandOff(string incident) => new(
        incident, new TargetReference("test", TargetKinds.Deployment, "shop", "web"), OutcomeKind.Escalated, "nothing helped",
        new EscalationSetting("on-call", "Look at it."), Some.Signal("f"), null, null, null, [], Some.Noon);

    private Task<bool> EscalateAsync(HandOff handOff) => new EscalateActivity(
        new HandOffStore(_heal.DataSource), _desk, _time, NullLogger<EscalateActivity>.Instance).RunAsync(null!, handOff);

    // As another process finds it.
    private HandOffDesk Desk() => new(new HandOffStore(_heal.DataSource), _desk, _time, NullLogger<HandOffDesk>.Instance);

    private async Task<string?> DeliveredAsync()
    {
        await using var command = _heal.DataSource.CreateCommand("SELECT (delivered_at AT TIME ZONE 'UTC')::text || '+00' FROM hand_off");
        return (string?)await command.ExecuteScalarAsync();
    }
}
