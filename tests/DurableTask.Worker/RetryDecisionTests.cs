using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker.Orchestrations;
using Moq;

namespace Heal.DurableTask.Worker.Tests;

public sealed class RetryDecisionTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly TaskOrchestrationContext _context = Mock.Of<TaskOrchestrationContext>();

    [Fact]
    public async Task Without_retry_options_the_first_failure_is_the_last() =>
        Assert.Equal(default, await DecideAsync(null));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 5)]
    [InlineData(5, 5)]
    public async Task The_delay_grows_by_the_coefficient_up_to_the_maximum(int attempt, int seconds) => Assert.Equal(
        new RetryVerdict(TryAgain: true, TimeSpan.FromSeconds(seconds)),
        await DecideAsync(new RetryPolicy(10, Second, backoffCoefficient: 2, maxRetryInterval: 5 * Second), attempt));

    [Fact]
    public async Task The_last_attempt_is_followed_by_a_timer_without_delay_and_by_no_other_attempt()
    {
        var policy = new RetryPolicy(3, Second);

        Assert.True((await DecideAsync(policy, attempt: 2)).TryAgain);
        Assert.Equal(new RetryVerdict(TryAgain: false, TimeSpan.Zero), await DecideAsync(policy, attempt: 3));
    }

    [Fact]
    public async Task Nothing_is_tried_again_once_the_timeout_is_over()
    {
        var policy = new RetryPolicy(10, Second, retryTimeout: 10 * Second);

        Assert.True((await DecideAsync(policy, elapsed: 10 * Second - TimeSpan.FromTicks(1))).TryAgain);
        Assert.Equal(default, await DecideAsync(policy, elapsed: 10 * Second));
    }

    [Fact]
    public async Task A_failure_that_the_policy_does_not_handle_is_not_tried_again()
    {
        var policy = new RetryPolicy(10, Second) { HandleFailure = failure => failure.ErrorType == "Transient" };

        Assert.Equal(default, await DecideAsync(policy, failure: Some.Failure("Permanent")));
        Assert.True((await DecideAsync(policy, failure: Some.Failure("Transient"))).TryAgain);
    }

    [Fact]
    public async Task A_delay_without_a_maximum_stays_within_the_calendar()
    {
        var policy = new RetryPolicy(int.MaxValue, Second, backoffCoefficient: 10, maxRetryInterval: Timeout.InfiniteTimeSpan);

        var verdict = await DecideAsync(policy, attempt: 400);

        Assert.InRange(Some.Time + verdict.Delay!.Value, Some.Time, DateTime.MaxValue);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_decides_alone_and_at_once(bool again) =>
        Assert.Equal(new RetryVerdict(again), await DecideAsync(TaskRetryOptions.FromRetryHandler(_ => again), attempt: 99));

    [Fact]
    public async Task A_handler_is_told_what_happened()
    {
        RetryContext? told = null;
        var failure = Some.Failure();

        await DecideAsync(
            TaskRetryOptions.FromRetryHandler(retry => (told = retry) is not null), attempt: 4, elapsed: 9 * Second, failure: failure);

        Assert.Equal(new RetryContext(_context, 4, failure, 9 * Second, CancellationToken.None), told);
    }

    private Task<RetryVerdict> DecideAsync(
        TaskRetryOptions? retry, int attempt = 1, TimeSpan elapsed = default, TaskFailureDetails? failure = null) =>
        RetryDecision.DecideAsync(_context, retry, failure ?? Some.Failure(), attempt, elapsed);
}
