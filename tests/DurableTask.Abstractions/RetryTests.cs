using Microsoft.DurableTask;

namespace Heal.DurableTask.Abstractions.Tests;

public class RetryTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_policy_has_the_contracts_defaults()
    {
        var policy = new RetryPolicy(3, Second);

        Assert.Equal(1, policy.BackoffCoefficient);
        Assert.Equal(TimeSpan.FromHours(1), policy.MaxRetryInterval);
        Assert.Equal(Timeout.InfiniteTimeSpan, policy.RetryTimeout);
    }

    [Fact]
    public void A_value_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("maxNumberOfAttempts", () => new RetryPolicy(0, Second));
        Assert.Throws<ArgumentOutOfRangeException>("firstRetryInterval", () => new RetryPolicy(1, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>("backoffCoefficient", () => new RetryPolicy(1, Second, 0.9));
        Assert.Throws<ArgumentOutOfRangeException>("backoffCoefficient", () => new RetryPolicy(1, Second, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("maxRetryInterval", () => new RetryPolicy(1, Second, 1, Second / 2));
        Assert.Throws<ArgumentOutOfRangeException>("retryTimeout", () => new RetryPolicy(1, Second, 1, null, Second / 2));
    }

    [Fact]
    public void Infinite_intervals_are_in_range()
    {
        var policy = new RetryPolicy(1, Second, 1, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Assert.Equal(Timeout.InfiniteTimeSpan, policy.MaxRetryInterval);
    }

    [Fact]
    public void A_first_interval_longer_than_an_hour_is_its_own_maximum() =>
        Assert.Equal(TimeSpan.FromHours(2), new RetryPolicy(2, TimeSpan.FromHours(2)).MaxRetryInterval);

    [Fact]
    public void A_failure_filter_sees_the_failed_tasks_failure()
    {
        var policy = new RetryPolicy(3, Second) { HandleFailure = failure => failure.IsCausedBy<TimeoutException>() };

        Assert.True(policy.Handle(new TaskFailedException("Restart", 1, new TimeoutException("late"))));
        Assert.True(policy.Handle(new TimeoutException("late")));
        Assert.False(policy.Handle(new TaskFailedException("Restart", 1, new InvalidOperationException("no"))));
    }

    [Fact]
    public void Without_a_filter_every_failure_is_retried() =>
        Assert.True(new RetryPolicy(3, Second).Handle(new InvalidOperationException("no")));

    [Fact]
    public async Task A_synchronous_handler_becomes_an_asynchronous_one()
    {
        TaskRetryOptions options = new RetryHandler(context => context.LastAttemptNumber < 2);

        Assert.Null(options.Policy);
        Assert.True(await options.Handler!(Attempt(1)));
        Assert.False(await options.Handler!(Attempt(2)));
    }

    [Fact]
    public void Options_come_from_a_policy_or_a_handler()
    {
        var policy = new RetryPolicy(3, Second);

        Assert.Same(policy, TaskOptions.FromRetryPolicy(policy).Retry!.Policy);
        Assert.NotNull(TaskOptions.FromRetryHandler(_ => true).Retry!.Handler);
        Assert.Throws<ArgumentNullException>(() => TaskRetryOptions.FromRetryPolicy(null!));
    }

    [Fact]
    public void Options_for_a_sub_orchestration_keep_retries_tags_and_version()
    {
        var options = new TaskOptions(new RetryPolicy(3, Second), new Dictionary<string, string> { ["team"] = "db" }) { Version = "2" };
        var child = options.WithInstanceId("child-1");

        Assert.Equal("child-1", child.InstanceId);
        Assert.Same(options.Retry, child.Retry);
        Assert.Same(options.Tags, child.Tags);
        Assert.Equal("2", child.Version!.Value.Version);
        Assert.Equal("child-1", new SubOrchestrationOptions((TaskOptions)child).InstanceId);
    }

    [Fact]
    public void A_version_is_the_same_through_either_type()
    {
        TaskOptions options = new SubOrchestrationOptions { Version = "3" };

        Assert.Equal("3", options.Version!.Value.Version);
    }

    private static RetryContext Attempt(int number) =>
        new(new FakeOrchestrationContext(), number, TaskFailureDetails.FromException(new TimeoutException()), Second, default);
}
