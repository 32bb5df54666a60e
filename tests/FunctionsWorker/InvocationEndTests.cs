using Microsoft.Azure.Functions.Worker.Invocation;

namespace Heal.FunctionsWorker.Tests;

public sealed class InvocationEndTests
{
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _caller = new();
    private readonly CancellationTokenSource _host = new();

    [Fact]
    public void The_limit_counts_from_the_beginning_however_late_somebody_asks_for_the_token()
    {
        using InvocationEnd end = Begin(TimeSpan.FromMinutes(5));
        _time.Advance(TimeSpan.FromMinutes(4));
        CancellationToken token = end.Token;
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(token.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(token.IsCancellationRequested);
        Assert.True(end.IsTimedOut);
    }

    [Fact]
    public void A_limit_that_has_passed_already_ends_at_once_and_no_limit_never_does()
    {
        using InvocationEnd late = Begin(TimeSpan.FromMinutes(5));
        using InvocationEnd endless = Begin(limit: null);
        _time.Advance(TimeSpan.FromDays(1));
        CancellationToken token = late.Token;
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(token.IsCancellationRequested);
        Assert.False(endless.Token.IsCancellationRequested);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_caller_that_has_gone_and_a_host_that_must_end_are_no_time_out(bool isCaller)
    {
        using InvocationEnd end = Begin(TimeSpan.FromMinutes(5));
        CancellationToken token = end.Token;
        (isCaller ? _caller : _host).Cancel();
        Assert.True(token.IsCancellationRequested);
        Assert.False(end.IsTimedOut);
    }

    [Fact]
    public void A_token_that_nobody_asked_for_in_time_is_never_cancelled()
    {
        InvocationEnd end = Begin(TimeSpan.FromMinutes(5));
        end.Dispose();
        _caller.Cancel();
        Assert.False(end.Token.CanBeCanceled);
    }

    private InvocationEnd Begin(TimeSpan? limit) => new(limit, _time, _caller.Token, _host.Token);
}
