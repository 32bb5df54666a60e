using Heal.Activities;
using Heal.Healing;

namespace Heal.Workflows.Tests;

/// <summary>The end of an effect with a time limit, with an undo that answers what the test says.</summary>
public sealed class ExpireActionTests
{
    private static readonly DateTimeOffset Due = new(2026, 1, 1, 14, 0, 0, TimeSpan.Zero);
    private static readonly TargetReference Target = new("test", TargetKinds.PodDisruptionBudget, "shop", "web");
    private static readonly ExpiryRequest Expiry = new("incident-1/1", "incident-1", "relax_pdb", Target, Due);
    private readonly ScriptedContext _context = new(Expiry.InstanceId);
    private readonly List<(DateTime At, UndoRequest Request)> _undos = [];
    private readonly List<HandOff> _handOffs = [];

    public ExpireActionTests() => _context.On<HandOff, bool>(ActivityNames.Escalate, handOff =>
    {
        _handOffs.Add(handOff);
        return true;
    });

    [Fact]
    public async Task When_its_time_is_up_the_effect_is_undone_under_the_key_that_the_incident_would_use()
    {
        Answers(ActionStatus.Applied);

        var outcome = await RunAsync();

        Assert.Equal((ActionStatus.Applied, 1), (outcome.Status, outcome.Attempts));
        var (at, request) = Assert.Single(_undos);
        Assert.True(at >= Due.UtcDateTime);
        Assert.Equal(("incident-1/1/undo", "incident-1/1"), (request.Key, request.UndoneKey));
    }

    [Fact]
    public async Task That_there_is_nothing_to_undo_is_believed_at_the_second_look()
    {
        Answers(ActionStatus.Refused, ActionStatus.Applied);

        var outcome = await RunAsync();

        Assert.Equal((ActionStatus.Applied, 2), (outcome.Status, outcome.Attempts));
    }

    [Fact]
    public async Task A_kill_switch_is_waited_for()
    {
        Answers(ActionStatus.Blocked, ActionStatus.Blocked, ActionStatus.NotPermitted, ActionStatus.Failed, ActionStatus.Applied);

        var outcome = await RunAsync();

        Assert.Equal((ActionStatus.Applied, 5), (outcome.Status, outcome.Attempts));
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task One_that_is_begun_again_days_after_its_time_is_as_patient()
    {
        Answers(ActionStatus.Blocked, ActionStatus.Failed, ActionStatus.Applied);

        var outcome = await RunAsync(Expiry with { At = Due.AddDays(-3) });

        Assert.Equal((ActionStatus.Applied, 3), (outcome.Status, outcome.Attempts));
        Assert.Empty(_handOffs);
    }

    [Fact]
    public async Task What_cannot_be_undone_for_a_day_is_handed_to_people()
    {
        Answers(ActionStatus.Blocked);

        var outcome = await RunAsync();

        Assert.Equal(ActionStatus.Blocked, outcome.Status);
        Assert.Contains("could not be undone", Assert.Single(_handOffs).Reason);
        Assert.True(_undos[^1].At - Due.UtcDateTime > TimeSpan.FromHours(23));
    }

    [Fact]
    public async Task Once_its_incident_is_healed_it_ends_as_soon_as_nothing_needs_it()
    {
        Answers(ActionStatus.Applied);
        var needs = new Queue<string?>(["the drain of n1 is not through", "the drain of n1 is not through", null]);
        _context.On<ExpiryRequest, NeedLook>(ActivityNames.LookAtNeed, _ => new NeedLook(needs.Dequeue()));
        _context.Raise(ExpiryRequest.Recovered, "1 disruptions are allowed");

        var outcome = await RunAsync(Expiry with { EndsWithNeed = true });

        Assert.Equal((ActionStatus.Applied, 1), (outcome.Status, outcome.Attempts));
        var (at, request) = Assert.Single(_undos);
        Assert.Equal("incident-1/1/undo", request.Key);
        Assert.True(at < Due.UtcDateTime.AddHours(-1), $"undone at {at:u}, due {Due:u}");
        Assert.Empty(needs);
    }

    [Theory]
    [InlineData(true)] // healed, and needed to the end
    [InlineData(false)] // never healed: nobody asks what needs it
    public async Task What_is_needed_or_not_healed_stays_until_its_time_is_up(bool isHealed)
    {
        Answers(ActionStatus.Applied);
        _context.On<ExpiryRequest, NeedLook>(ActivityNames.LookAtNeed, _ => new NeedLook("the drain of n1 is not through"));
        if (isHealed) _context.Raise(ExpiryRequest.Recovered, "1 disruptions are allowed");

        await RunAsync(Expiry with { EndsWithNeed = true });

        Assert.True(Assert.Single(_undos).At >= Due.UtcDateTime);
        Assert.Equal(isHealed, _context.Calls.Contains(ActivityNames.LookAtNeed));
    }

    [Fact]
    public async Task An_effect_that_is_to_be_made_final_is_made_so_and_not_taken_back()
    {
        Answers(ActionStatus.Blocked, ActionStatus.Applied);

        var outcome = await RunAsync(Expiry with { Settles = true });

        Assert.Equal((ActionStatus.Applied, 2), (outcome.Status, outcome.Attempts));
        Assert.All(_undos, undo => Assert.True(undo.Request.Settles));
        Assert.Empty(_handOffs);
    }

    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(false, 0, 2)]
    public async Task That_what_was_given_up_freed_nothing_is_told_to_people_at_once(bool settles, int told, int attempts)
    {
        Answers(ActionStatus.NoEffect, ActionStatus.Applied);

        var outcome = await RunAsync(Expiry with { Settles = settles });

        Assert.Equal((told, attempts), (_handOffs.Count, outcome.Attempts));
    }

    [Fact]
    public async Task That_the_place_of_what_is_to_be_given_up_is_gone_is_believed_at_the_second_look()
    {
        Answers(ActionStatus.TargetGone, ActionStatus.Applied);

        var outcome = await RunAsync(Expiry with { Settles = true });

        Assert.Equal((ActionStatus.Applied, 2), (outcome.Status, outcome.Attempts));
    }

    private void Answers(params ActionStatus[] statuses)
    {
        var left = new Queue<ActionStatus>(statuses);
        _context.On<UndoRequest, ActionResult>(ActivityNames.UndoAction, request =>
        {
            _undos.Add((_context.CurrentUtcDateTime, request));
            return new ActionResult(request.Key, left.Count > 1 ? left.Dequeue() : left.Peek(), "as the test says");
        });
    }

    private Task<ExpiryOutcome> RunAsync(ExpiryRequest? expiry = null) =>
        new ExpireActionOrchestrator().RunAsync(_context, expiry ?? Expiry);
}
