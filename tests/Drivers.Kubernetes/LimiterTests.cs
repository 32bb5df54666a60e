using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;
using Heal.Drivers.Kubernetes.Transport;
using Heal.Shared.Tests;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class LimiterTests
{
    private const string GetPod = "GET /api/v1/namespaces/shop/pods/a";

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_burst_is_let_through_and_then_one_request_per_turn()
    {
        var limiter = new RequestLimiter(10, burst: 2, TimeSpan.FromSeconds(20), _time);
        Assert.Equal(TimeSpan.Zero, await limiter.WaitAsync(default));
        Assert.Equal(TimeSpan.Zero, await limiter.WaitAsync(default));
        var third = limiter.WaitAsync(default).AsTask();
        var fourth = limiter.WaitAsync(default).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await third.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(fourth.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await fourth.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task After_429_nothing_is_sent_before_the_time_that_the_server_named_and_then_at_half_the_rate()
    {
        var limiter = new RequestLimiter(10, burst: 50, TimeSpan.FromSeconds(20), _time);
        limiter.Throttled(TimeSpan.FromSeconds(3));
        var first = limiter.WaitAsync(default).AsTask();
        var second = limiter.WaitAsync(default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(TimeSpan.FromSeconds(3.2), await first.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await second.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Successes_give_the_rate_back_and_it_never_falls_to_nothing()
    {
        var limiter = new RequestLimiter(100, burst: 1, TimeSpan.FromSeconds(20), _time);
        for (var i = 0; i < 50; i++)
            limiter.Throttled(null);
        Assert.Equal(5, limiter.Rate);
        for (var i = 0; i < 200; i++)
            limiter.Succeeded();
        Assert.Equal(100, limiter.Rate);
    }

    [Fact]
    public async Task Who_gives_up_waiting_gives_the_turn_back()
    {
        var limiter = new RequestLimiter(10, burst: 1, TimeSpan.FromSeconds(20), _time);
        await limiter.WaitAsync(default);
        using var cancel = new CancellationTokenSource();
        var waiting = limiter.WaitAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        var next = limiter.WaitAsync(default).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), await next.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_budget_of_retries_is_spent_and_earned()
    {
        var budget = new RetryBudget(2, 0.5);
        Assert.Equal([true, true, false], new[] { budget.TrySpend(), budget.TrySpend(), budget.TrySpend() });
        budget.Earn();
        Assert.False(budget.TrySpend());
        budget.Earn();
        Assert.True(budget.TrySpend());
    }

    [Fact]
    public async Task A_server_where_all_calls_fail_gets_little_more_than_one_try_per_call()
    {
        await using var server = await ApiServerDouble.StartAsync();
        server.On(GetPod, Answer.Text(503, "busy"));
        using var client = Some.Client(server, o => (o.BreakerMinimumThroughput, o.RetryBudget, o.MaxRetryDelay)
            = (1_000_000, 5, TimeSpan.FromMilliseconds(5)));
        for (var i = 0; i < 50; i++)
            await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a"));
        // 50 calls, 5 saved retries and 10 earned; without the budget it would be 200.
        Assert.InRange(server.CountOf(GetPod), 55, 65);
    }

    [Fact]
    public async Task A_storm_of_429_slows_the_client_down()
    {
        await using var server = await ApiServerDouble.StartAsync();
        server.On(GetPod, Answer.Status(429, "TooManyRequests", "too many requests", retryAfter: 1));
        using var client = Some.Client(server, o => (o.BreakerMinimumThroughput, o.MaxAttempts) = (1_000_000, 1));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2.5));
        var calls = Enumerable.Range(0, 40).Select(async _ =>
        {
            try
            {
                while (true)
                    await Assert.ThrowsAsync<KubernetesApiException>(() => client.GetAsync<Pod>("shop", "a", limit.Token));
            }
            catch (Exception exception) when (exception is OperationCanceledException or Xunit.Sdk.XunitException)
            {
                // Time is up.
            }
        });
        await Task.WhenAll(calls);
        // At most 40 are on their way before the server says so; after each second that it asks for, a few more.
        Assert.InRange(server.CountOf(GetPod), 1, 60);
    }
}
