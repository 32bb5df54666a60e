namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>
/// A schedule is this orchestration: it waits for its next occurrence or for a command, does what is due and continues as new. Whatever
/// worker runs it, and however often it is replayed: an occurrence is started once, because the started instance's id is made of it.
/// </summary>
internal sealed class ScheduleOrchestrator : TaskOrchestrator<string, string>
{
    public const string Name = "Microsoft.DurableTask.ScheduledTasks.Schedule";
    public const string CommandEvent = "command";
    public const string DoneEvent = "done";

    private const int StartAttempts = 5;
    private static readonly TimeSpan FirstStartDelay = TimeSpan.FromSeconds(1);

    public override async Task<string> RunAsync(TaskOrchestrationContext context, string? input)
    {
        ScheduleState state = ScheduleState.Parse(input!);
        if (state.Status == ScheduleStatus.Uninitialized)
        {
            state = Begin(state with { Status = ScheduleStatus.Active }, context);
        }

        context.SetCustomStatus(state.ToString());
        if (state is { Status: ScheduleStatus.Active, NextRunAt: null })
        {
            return state.ToString();
        }

        Task<string> command = context.WaitForExternalEvent<string>(CommandEvent);
        if (await IsDueAsync(context, state, command))
        {
            state = await RunDueAsync(context, state);
        }

        // It may have come while occurrences were started; its waiter has it then.
        if (command.IsCompleted)
        {
            state = Apply(state, ScheduleCommand.Parse(command.Result), context);

            // In the turn that answers: whoever has the answer reads what it did.
            context.SetCustomStatus(state.ToString());
        }

        context.ContinueAsNew(state.ToString());
        return "";
    }

    private static async Task<bool> IsDueAsync(TaskOrchestrationContext context, ScheduleState state, Task<string> command)
    {
        if (state.Status != ScheduleStatus.Active)
        {
            await command;
            return false;
        }

        using var stopped = new CancellationTokenSource();
        Task due = context.CreateTimer(state.NextRunAt!.Value.UtcDateTime, stopped.Token);
        if (await Task.WhenAny(due, command) == due)
        {
            return true;
        }

        // Not CancelAsync: its callbacks run on the thread pool, outside of the orchestrator's turn.
#pragma warning disable CA1849, MA0042
        stopped.Cancel();
#pragma warning restore CA1849, MA0042
        return false;
    }

    private static async Task<ScheduleState> RunDueAsync(TaskOrchestrationContext context, ScheduleState state)
    {
        DateTimeOffset now = Now(context);
        var retries = TaskOptions.FromRetryPolicy(new RetryPolicy(StartAttempts, FirstStartDelay, backoffCoefficient: 2));
        foreach (DateTimeOffset occurrence in ScheduleTimes.Due(state.Config, state.NextRunAt!.Value, now))
        {
            try
            {
                await context.CallActivityAsync(
                    ScheduledStart.Name, (state with { NextRunAt = occurrence }).ToString(), retries);
                state = state with { LastRunAt = occurrence, LastError = null };
            }
            catch (TaskFailedException failed)
            {
                // The next occurrence gets its own chance.
                state = state with { LastError = failed.FailureDetails.ErrorMessage };
            }
        }

        DateTimeOffset last = state.NextRunAt!.Value > now ? state.NextRunAt.Value : now;
        return state with { NextRunAt = ScheduleTimes.Next(state.Config, last) };
    }

    private static ScheduleState Apply(ScheduleState state, ScheduleCommand command, TaskOrchestrationContext context)
    {
        (ScheduleState next, string refusal) = command.Kind switch
        {
            ScheduleCommandKind.Pause when state.Status == ScheduleStatus.Paused => (state, "it is paused already."),
            ScheduleCommandKind.Pause => (state with { Status = ScheduleStatus.Paused, NextRunAt = null }, ""),
            ScheduleCommandKind.Resume when state.Status == ScheduleStatus.Active => (state, "it is active already."),
            ScheduleCommandKind.Resume =>
                (state with { Status = ScheduleStatus.Active, NextRunAt = ScheduleTimes.Next(state.Config, Now(context)) }, ""),
            ScheduleCommandKind.Replace =>
                (Begin(state with { Status = ScheduleStatus.Active, Config = command.Replacement! }, context), ""),
            _ => (Begin(state with { Config = Changed(state.Config, command.Change!) }, context), ""),
        };
        context.SendEvent(command.ReplyTo, DoneEvent, refusal);
        return refusal.Length > 0 ? state : next with { Token = context.NewGuid().ToString("N") };
    }

    private static ScheduleState Begin(ScheduleState state, TaskOrchestrationContext context)
    {
        DateTimeOffset now = Now(context);
        ScheduleConfig config = state.Config with { Since = now };
        return state with
        {
            Config = config,
            NextRunAt = state.Status == ScheduleStatus.Active ? ScheduleTimes.First(config, now) : null,
        };
    }

    private static ScheduleConfig Changed(ScheduleConfig config, ScheduleUpdateOptions change) => config with
    {
        OrchestrationName = change.OrchestrationName ?? config.OrchestrationName,
        OrchestrationInput = change.OrchestrationInput ?? config.OrchestrationInput,
        OrchestrationInstanceId = change.OrchestrationInstanceId ?? config.OrchestrationInstanceId,
        StartAt = change.StartAt ?? config.StartAt,
        EndAt = change.EndAt ?? config.EndAt,
        Interval = change.Interval ?? config.Interval,
        StartImmediatelyIfLate = change.StartImmediatelyIfLate ?? false,
        Cron = change.Cron ?? (change.Interval is null ? config.Cron : null),
        MissedRuns = change.MissedRuns ?? config.MissedRuns,
    };

    private static DateTimeOffset Now(TaskOrchestrationContext context) => new(context.CurrentUtcDateTime, TimeSpan.Zero);
}

/// <summary>Hands a command to a schedule and waits for the answer: empty, or why it was refused.</summary>
internal sealed class ScheduleCommandOrchestrator : TaskOrchestrator<string, string>
{
    public const string Name = "Microsoft.DurableTask.ScheduledTasks.Command";

    /// <summary>How long a schedule may take to answer: as long as it starts missed occurrences.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(1);

    public override async Task<string> RunAsync(TaskOrchestrationContext context, string? input)
    {
        ScheduleCommand command = ScheduleCommand.Parse(input!);
        string schedule = command.ReplyTo;
        context.SendEvent(schedule, ScheduleOrchestrator.CommandEvent, (command with { ReplyTo = context.InstanceId }).ToString());
        return await context.WaitForExternalEvent<string>(ScheduleOrchestrator.DoneEvent, AnswerTimeout);
    }
}
