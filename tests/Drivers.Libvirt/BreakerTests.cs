using Heal.Drivers.Libvirt.Calls;
using Heal.Shared.Tests;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>When a host is no longer asked, and when again.</summary>
public sealed class BreakerTests
{
    private readonly ManualTime _time = new();
    private readonly List<(bool IsOpen, string Reason)> _changes = [];
    private readonly Breaker _breaker;

    public BreakerTests() =>
        _breaker = new Breaker("here", breakAfter: 3, TimeSpan.FromSeconds(15), _time, (isOpen, reason) => _changes.Add((isOpen, reason)));

    [Fact]
    public void Failures_in_a_row_open_it_and_an_answer_between_them_does_not_let_them()
    {
        Fail();
        Fail();
        Answer();
        Fail();
        Fail();
        Assert.False(_breaker.IsOpen);
        Fail();
        Assert.True(_breaker.IsOpen);
        Assert.Equal([(true, "no answer")], _changes);
    }

    [Fact]
    public void Open_it_refuses_and_says_for_how_long_and_why()
    {
        Open();
        _time.Advance(TimeSpan.FromSeconds(5));
        var refused = Assert.Throws<LibvirtUnreachableException>(() => _breaker.Enter());
        Assert.Contains("10 s", refused.Message, StringComparison.Ordinal);
        Assert.Contains("no answer", refused.Message, StringComparison.Ordinal);
        Assert.Contains("3 failures in a row", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void After_its_time_one_call_is_let_through_and_its_answer_closes_it()
    {
        Open();
        _time.Advance(TimeSpan.FromSeconds(15));
        using (var trial = _breaker.Enter())
        {
            Assert.Throws<LibvirtUnreachableException>(() => _breaker.Enter());
            trial.Answered();
        }

        Assert.False(_breaker.IsOpen);
        Answer();
        Assert.Equal([(true, "no answer"), (false, "no answer")], _changes);
    }

    [Fact]
    public void A_trial_that_fails_opens_it_for_as_long_again()
    {
        Open();
        _time.Advance(TimeSpan.FromSeconds(15));
        using (var trial = _breaker.Enter())
            trial.Failed("still none");
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.Contains("still none", Assert.Throws<LibvirtUnreachableException>(() => _breaker.Enter()).Message, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        _breaker.Enter().Dispose();
    }

    [Fact]
    public void A_trial_that_was_cancelled_leaves_the_trial_to_the_next()
    {
        Open();
        _time.Advance(TimeSpan.FromSeconds(15));
        _breaker.Enter().Dispose();
        using var next = _breaker.Enter();
        Assert.True(next.IsTrial);
    }

    [Fact]
    public void A_call_that_timed_out_while_later_ones_were_answered_does_not_count()
    {
        for (var i = 0; i < 10; i++)
        {
            using var slow = _breaker.Enter();
            _time.Advance(TimeSpan.FromSeconds(1));
            Answer();
            slow.Failed("one frozen guest");
        }

        Assert.False(_breaker.IsOpen);
    }

    [Fact]
    public void Connections_that_cannot_be_opened_count_too()
    {
        for (var i = 0; i < 3; i++)
            _breaker.Failed("refused");
        Assert.True(_breaker.IsOpen);
    }

    private void Open()
    {
        for (var i = 0; i < 3; i++)
            Fail();
    }

    private void Fail()
    {
        using var pass = _breaker.Enter();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        pass.Failed("no answer");
    }

    private void Answer()
    {
        using var pass = _breaker.Enter();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        pass.Answered();
    }
}
