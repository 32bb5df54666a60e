using Microsoft.DurableTask.Worker.Orchestrations;

namespace Heal.DurableTask.Worker.Tests;

public sealed class ExternalEventsTests
{
    private readonly ExternalEvents _events = new();

    [Fact]
    public async Task Kept_events_are_taken_in_the_order_of_their_arrival()
    {
        _events.Raise("approval", "first");
        _events.Raise("approval", "second");

        Assert.Equal("first", await Wait("approval"));
        Assert.Equal("second", await Wait("approval"));
    }

    [Fact]
    public async Task The_newest_waiter_is_served_first()
    {
        var older = Wait("approval");
        var newer = Wait("approval");

        _events.Raise("approval", "first");

        Assert.False(older.IsCompleted);
        Assert.Equal("first", await newer);
        _events.Raise("approval", "second");
        Assert.Equal("second", await older);
    }

    [Fact]
    public async Task Names_are_compared_without_case()
    {
        var waiting = Wait("Approval");
        _events.Raise("APPROVAL", "yes");
        _events.Raise("aPPROVAL", "kept");

        Assert.Equal("yes", await waiting);
        Assert.Equal("kept", await Wait("Approval"));
    }

    [Fact]
    public void An_event_of_another_name_wakes_nobody()
    {
        var waiting = Wait("approval");

        _events.Raise("rejection", "no");

        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task A_cancelled_waiter_takes_no_event()
    {
        using var impatience = new CancellationTokenSource();
        var patient = Wait("approval");
        var impatient = Wait("approval", impatience.Token);

        await impatience.CancelAsync();
        _events.Raise("approval", "yes");

        await Assert.ThrowsAsync<TaskCanceledException>(() => impatient);
        Assert.Equal("yes", await patient);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_before_it_begins_takes_no_kept_event()
    {
        _events.Raise("approval", "yes");

        await Assert.ThrowsAsync<TaskCanceledException>(() => Wait("approval", new CancellationToken(canceled: true)));
        Assert.Equal("yes", await Wait("approval"));
    }

    [Fact]
    public async Task Only_a_cancelled_waiter_does_not_count_as_waiting()
    {
        using var impatience = new CancellationTokenSource();
        _ = Wait("approval", impatience.Token);
        Assert.True(_events.HasWaiters);

        await impatience.CancelAsync();

        Assert.False(_events.HasWaiters);
    }

    [Fact]
    public void Two_waits_for_one_name_want_the_same_type()
    {
        _ = Wait("approval");

        var error = Assert.Throws<ArgumentException>(() => { _ = _events.Wait("Approval", int.Parse!, CancellationToken.None); });

        Assert.Contains("System.Int32", error.Message);
        Assert.Contains("System.String", error.Message);
    }

    [Fact]
    public async Task A_served_waiter_leaves_the_name_free_for_another_type()
    {
        var text = Wait("approval");
        _events.Raise("approval", "yes");
        await text;

        var number = _events.Wait("approval", int.Parse!, CancellationToken.None);
        _events.Raise("approval", "42");

        Assert.Equal(42, await number);
    }

    [Fact]
    public async Task An_unreadable_payload_fails_the_wait_and_is_consumed()
    {
        var number = _events.Wait("approval", int.Parse!, CancellationToken.None);

        _events.Raise("approval", "no number");

        await Assert.ThrowsAsync<FormatException>(() => number);
        Assert.Empty(_events.Unprocessed);
    }

    [Fact]
    public async Task What_nobody_waited_for_is_unprocessed_in_the_order_of_arrival()
    {
        _events.Raise("a", "1");
        _events.Raise("a", "2");
        _events.Raise("a", "3");
        await Wait("a");

        Assert.Equal([("a", "2"), ("a", "3")], _events.Unprocessed);
    }

    private Task<string?> Wait(string name, CancellationToken cancellationToken = default) =>
        _events.Wait(name, payload => payload, cancellationToken);
}
