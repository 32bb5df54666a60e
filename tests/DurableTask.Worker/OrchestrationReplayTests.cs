using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using Microsoft.DurableTask;
using static Heal.DurableTask.Worker.Tests.ReplayedOrchestration;

namespace Heal.DurableTask.Worker.Tests;

public sealed class OrchestrationReplayTests
{
    [Fact]
    public void An_orchestrator_goes_on_where_its_history_ends()
    {
        var sum = new ReplayedOrchestration(async context =>
            await context.CallActivityAsync<int>("One") + await context.CallActivityAsync<int>("Two"));

        Assert.Equal("One", Assert.IsType<TaskScheduledEvent>(Assert.Single(sum.Begin().Actions)).Name);
        Assert.Equal("Two", Assert.IsType<TaskScheduledEvent>(Assert.Single(sum.Play(Done(0, "1")).Actions)).Name);
        var end = sum.Play(Done(1, "2"));

        Assert.Equal((OrchestrationStatus.Completed, "3"), (end.Status, end.Output));
    }

    [Fact]
    public void Code_is_told_what_is_replayed_and_the_time_of_each_turn()
    {
        var seen = new List<(bool, DateTime)>();
        var watcher = new ReplayedOrchestration(async context =>
        {
            seen.Add((context.IsReplaying, context.CurrentUtcDateTime));
            await context.CallActivityAsync("One");
            seen.Add((context.IsReplaying, context.CurrentUtcDateTime));
            return null;
        });

        watcher.Begin();
        watcher.Play(Done(0));

        Assert.Equal([(false, Some.Time), (true, Some.Time), (false, Some.Time.AddMinutes(1))], seen);
    }

    [Fact]
    public void Legs_of_a_far_timer_go_forward_though_the_hubs_clock_is_far_ahead()
    {
        var sleeper = new ReplayedOrchestration(async context =>
        {
            await context.CreateTimer(Some.Time.AddDays(8), CancellationToken.None);
            return null;
        });

        var result = sleeper.Begin();
        var legs = new List<DateTime>();
        while (result.Status == OrchestrationStatus.Running && legs.Count < 10)
        {
            var leg = Assert.IsType<TimerCreatedEvent>(Assert.Single(result.Actions));
            legs.Add(leg.FireAt);
            result = sleeper.Play(new TimerFiredEvent(-1, leg.FireAt) { TimerId = leg.EventId });
        }

        Assert.Equal([Some.Time.AddDays(3), Some.Time.AddDays(6), Some.Time.AddDays(8)], legs);
    }

    [Fact]
    public void New_ids_are_the_same_at_every_replay()
    {
        var ids = new List<Guid>();
        var orchestration = new ReplayedOrchestration(async context =>
        {
            ids.Add(context.NewGuid());
            await context.CallActivityAsync("One");
            return null;
        });

        orchestration.Begin();
        orchestration.Play(Done(0));

        Assert.Equal(ids[0], ids[1]);
    }

    [Fact]
    public void Code_that_now_calls_another_activity_fails_with_both_names()
    {
        var changed = new ReplayedOrchestration(Calls("One"));
        changed.Begin();
        changed.Code = Calls("Other");

        AssertMismatch(changed.Play(Done(0)), "'One'", "'Other'");
    }

    [Fact]
    public void Code_that_now_does_something_of_another_kind_fails_with_both()
    {
        var changed = new ReplayedOrchestration(Calls("One"));
        changed.Begin();
        changed.Code = async context =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
            return null;
        };

        AssertMismatch(changed.Play(Done(0)), "'One'", "a timer");
    }

    [Fact]
    public void A_replay_that_breaks_off_sends_nothing_again()
    {
        var changed = new ReplayedOrchestration(CallsAndSends("One"));
        Assert.Equal(2, changed.Begin().Actions.Count);
        changed.Code = CallsAndSends("Other");

        var turn = changed.Play(Done(0));

        AssertMismatch(turn, "'One'", "'Other'");
        Assert.Empty(turn.Actions);

        static Func<TaskOrchestrationContext, Task<object?>> CallsAndSends(string activity) => async context =>
        {
            Task called = context.CallActivityAsync(activity);
            context.SendEvent("somebody", "news", 1);
            await called;
            return null;
        };
    }

    public static TheoryData<string, string, bool> Changes
    {
        get
        {
            string[] kinds = ["activity A", "activity B", "child A", "child B", "event A", "event B", "timer", "nothing"];
            var all = new TheoryData<string, string, bool>();
            foreach (var before in kinds)
            {
                foreach (var now in kinds)
                {
                    all.Add(before, now, before != now);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_change_of_kind_or_name_is_noticed_and_nothing_else_is(string before, string now, bool isMismatch)
    {
        var changed = new ReplayedOrchestration(context => ActAsync(context, before, input: 1));
        changed.Begin();
        changed.Code = context => ActAsync(context, now, input: 2);

        var turn = changed.Play(Raised("go", "\"\""));

        Assert.Equal(isMismatch, turn.Failure?.ErrorType == typeof(NonDeterministicOrchestrationException).FullName);
        Assert.NotEqual(isMismatch, turn.Failure is null);
        const string Prefix = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled ";
        Assert.Equal(isMismatch, turn.Failure?.ErrorMessage.StartsWith(Prefix, StringComparison.Ordinal) ?? false);

        static async Task<object?> ActAsync(TaskOrchestrationContext context, string what, int input)
        {
            var name = what[^1..];
            switch (what.Split(' ')[0])
            {
                case "activity":
                    _ = context.CallActivityAsync(name, input, new TaskOptions { Version = $"{input}.0" });
                    break;
                case "child":
                    _ = context.CallSubOrchestratorAsync(name, input, new SubOrchestrationOptions { Version = $"{input}.0" });
                    break;
                case "event":
                    context.SendEvent("somebody", name, input);
                    break;
                case "timer":
                    _ = context.CreateTimer(TimeSpan.FromHours(input), CancellationToken.None);
                    break;
            }

            return await context.WaitForExternalEvent<string>("go");
        }
    }

    [Fact]
    public void Code_that_now_schedules_less_than_its_history_fails()
    {
        var changed = new ReplayedOrchestration(Calls("One"));
        changed.Begin();
        changed.Code = _ => Task.FromResult<object?>(null);

        AssertMismatch(changed.Play(Done(0)), "'One'", "nothing");
    }

    [Fact]
    public void Code_that_now_schedules_more_than_its_history_fails()
    {
        var changed = new ReplayedOrchestration(Calls("One"));
        changed.Begin();
        changed.Code = async context =>
        {
            await Task.WhenAll(context.CallActivityAsync("One"), context.CallActivityAsync("Extra"));
            return null;
        };

        AssertMismatch(changed.Play(Done(0)), "nothing", "'Extra'");
    }

    [Fact]
    public void The_failure_shows_both_sides_and_marks_the_first_difference()
    {
        var changed = new ReplayedOrchestration(Calls("One", "Two", "Three"));
        changed.Begin();
        changed.Play(Done(0));
        changed.Code = Calls("One", "Other");

        Assert.Contains(
            """

              #  history            | code now
              0  the activity 'One' | the activity 'One'
            > 1  the activity 'Two' | the activity 'Other'
            """,
            changed.Play(Done(1)).Failure!.ErrorMessage);
    }

    [Fact]
    public void The_failure_stays_short_however_long_the_history_and_the_names_are()
    {
        string[] names = [.. Enumerable.Range(0, 50).Select(i => $"{i}{new string('x', 1000)}")];
        var changed = new ReplayedOrchestration(async context =>
        {
            await Task.WhenAll(names.Select(name => context.CallActivityAsync(name)));
            return null;
        });
        changed.Begin();
        changed.Code = _ => Task.FromResult<object?>(null);

        var message = changed.Play(Done(0)).Failure!.ErrorMessage;

        Assert.InRange(message.Length, 1, 3000);
        Assert.EndsWith("(44 more)", message);
    }

    [Fact]
    public void Names_that_differ_only_in_case_are_the_same()
    {
        var renamed = new ReplayedOrchestration(Calls("One"));
        renamed.Begin();
        renamed.Code = Calls("ONE");

        Assert.Equal(OrchestrationStatus.Completed, renamed.Play(Done(0)).Status);
    }

    [Fact]
    public void A_second_outcome_of_the_same_task_is_ignored()
    {
        var twice = new ReplayedOrchestration(async context =>
            await context.CallActivityAsync<int>("One") + await context.CallActivityAsync<int>("Two"));
        twice.Begin();

        Assert.Equal("Two", Assert.IsType<TaskScheduledEvent>(Assert.Single(twice.Play(Done(0, "1"), Done(0, "5")).Actions)).Name);
        Assert.Equal("3", twice.Play(Done(1, "2")).Output);
    }

    private static Func<TaskOrchestrationContext, Task<object?>> Calls(params string[] activities) => async context =>
    {
        foreach (var activity in activities)
        {
            await context.CallActivityAsync(activity);
        }

        return null;
    };

    private static void AssertMismatch(Microsoft.DurableTask.Worker.Orchestrations.TurnResult turn, string before, string now)
    {
        Assert.Equal(OrchestrationStatus.Failed, turn.Status);
        Assert.Equal(typeof(NonDeterministicOrchestrationException).FullName, turn.Failure!.ErrorType);
        Assert.Matches($"scheduled .*{before}.* now schedules .*{now}", turn.Failure.ErrorMessage);
    }
}
