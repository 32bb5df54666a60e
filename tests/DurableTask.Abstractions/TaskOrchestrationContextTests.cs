using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Heal.DurableTask.Abstractions.Tests;

public class TaskOrchestrationContextTests
{
    private readonly FakeOrchestrationContext _context = new();

    [Fact]
    public async Task An_event_in_time_wins_and_its_timer_is_cancelled()
    {
        var wait = _context.WaitForExternalEvent<string>("approval", TimeSpan.FromHours(1));
        _context.Event.SetResult("yes");

        Assert.Equal("yes", await wait);
        Assert.True(_context.Timers.Single().Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_timeout_throws_TaskCanceledException_and_cancels_the_wait()
    {
        var wait = _context.WaitForExternalEvent<string>("approval", TimeSpan.FromHours(1));
        _context.Timers.Single().Source.SetResult();

        await Assert.ThrowsAsync<TaskCanceledException>(() => wait);
        Assert.True(_context.EventToken.IsCancellationRequested);
    }

    [Fact]
    public void The_timeout_is_a_durable_timer_from_the_orchestrations_own_clock()
    {
        _ = _context.WaitForExternalEvent<string>("approval", TimeSpan.FromHours(1));

        Assert.Equal(_context.CurrentUtcDateTime.AddHours(1), _context.Timers.Single().FireAt);
    }

    [Fact]
    public async Task An_event_that_waits_already_needs_no_timer()
    {
        _context.Event.SetResult("yes");

        Assert.Equal("yes", await _context.WaitForExternalEvent<string>("approval", TimeSpan.FromHours(1)));
        Assert.Empty(_context.Timers);
    }

    [Fact]
    public async Task Cancelling_the_wait_cancels_its_timer_too()
    {
        using var cancellation = new CancellationTokenSource();
        var wait = _context.WaitForExternalEvent<string>("approval", TimeSpan.FromHours(1), cancellation.Token);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        Assert.True(_context.Timers.Single().Token.IsCancellationRequested);
    }

    [Fact]
    public void The_replay_safe_logger_factory_is_made_once() =>
        Assert.Same(_context.ReplaySafeLoggerFactory, _context.ReplaySafeLoggerFactory);

    [Fact]
    public async Task Options_without_input_are_passed_as_options()
    {
        var options = new TaskOptions { Version = "2" };
        await _context.CallActivityAsync("Restart", options);
        await _context.CallSubOrchestratorAsync<int>("Child", options);

        Assert.All(_context.Calls, call => Assert.Null(call.Input));
        Assert.All(_context.Calls, call => Assert.Same(options, call.Options));
    }

    [Fact]
    public void A_replay_safe_factory_takes_no_providers_and_leaves_the_applications_factory_alone()
    {
        var error = Assert.Throws<NotSupportedException>(() => _context.ReplaySafeLoggerFactory.AddProvider(null!));
        _context.ReplaySafeLoggerFactory.Dispose();

        Assert.Contains("replay-safe logger factory is not supported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_as_input_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => TaskOptions.RejectAsInput(new TaskOptions(), options: null));

        Assert.Contains("options:", error.Message, StringComparison.Ordinal);
        TaskOptions.RejectAsInput("input", options: null);
        TaskOptions.RejectAsInput(new TaskOptions(), new TaskOptions());
    }

    [Fact]
    public void A_replay_safe_logger_writes_only_outside_of_replay()
    {
        var logger = _context.CreateReplaySafeLogger("incident");
        _context.Replaying = true;
        logger.Log(LogLevel.Information, "again");
        _context.Replaying = false;
        logger.Log(LogLevel.Information, "once");

        Assert.Equal(["once"], _context.Logger.Lines);
    }

    [Fact]
    public void A_replay_safe_logger_passes_scopes_and_levels_through_during_replay()
    {
        _context.Replaying = true;
        var logger = _context.ReplaySafeLoggerFactory.CreateLogger("incident");
        logger.BeginScope("scope");

        Assert.True(logger.IsEnabled(LogLevel.Information));
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        Assert.Equal(1, _context.Logger.Scopes);
    }

    [Fact]
    public void A_loggers_category_is_that_of_its_type()
    {
        _context.CreateReplaySafeLogger<TaskOrchestrationContextTests>();
        _context.CreateReplaySafeLogger(GetType());

        Assert.All(_context.Logger.Categories, category => Assert.Equal(typeof(TaskOrchestrationContextTests).FullName, category));
    }

    [Fact]
    public void Entities_are_refused_with_a_reason()
    {
        var error = Assert.Throws<NotSupportedException>(() => _context.Entities);

        Assert.Contains("entities are not supported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Continuing_with_options_is_continuing_with_their_input()
    {
        _context.ContinueAsNew(new ContinueAsNewOptions { NewInput = 7, PreserveUnprocessedEvents = false });

        Assert.Equal((7, false), _context.Continued);
        Assert.Throws<NotSupportedException>(() => _context.ContinueAsNew(new ContinueAsNewOptions { NewVersion = "2" }));
    }

    [Fact]
    public void A_version_is_compared_with_the_instances_own()
    {
        _context.RunningVersion = "1.9";

        Assert.True(_context.CompareVersionTo("1.10") < 0);
        Assert.Equal(0, _context.CompareVersionTo("1.9"));
    }
}
