using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// One timer function on one host: waits until it is due, bids for the occurrence, runs it when it won. Who lost waits for the next
/// occurrence, or for the winner's lease to end without a word. Keeps trying while the store is away.
/// </summary>
internal sealed partial class TimerLoop(
    TimerFunction timer, IHostStore store, TimerRunner runner, TimerLease lease, HostHealth health, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan PastDueAfter = TimeSpan.FromSeconds(1);

    private bool _stoodDown;
    private bool _isAhead;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await EnterAsync(stopping);
            await RunOnStartupAsync(stopping);
            // The fence of a lease that was seen expired, one grace ago.
            long? expired = null;
            DateTimeOffset asked = default;
            while (await TryAsync(ReadAsync, stopping) is var state)
            {
                if (state is null)
                {
                    await EnterAsync(stopping); // somebody emptied the store
                }
                else if (asked - state.Clock > lease.ClockTolerance)
                {
                    await WaitForClockAsync(asked - state.Clock, stopping);
                }
                else if (state.Schedule != timer.Text)
                {
                    await StandDownAsync(state, stopping);
                }
                else if (IsOfAnotherClock(state))
                {
                    await EnterAsync(stopping);
                }
                else if (state.LeaseLeft is { } left && (left > TimeSpan.Zero || expired != state.Fence))
                {
                    expired = left > TimeSpan.Zero ? null : state.Fence;
                    await WaitAsync(left > TimeSpan.Zero ? UntilNews(left) : lease.TakeoverGrace, stopping);
                }
                else if (state.Next is not { } due)
                {
                    Log.NeverDue(logger, timer.Name, timer.Text);
                    return;
                }
                else if (due - time.GetUtcNow() is { Ticks: > 0 } early)
                {
                    await WaitAsync(early, stopping);
                }
                else
                {
                    await BidAsync(due, expired, stopping);
                    expired = null;
                }
            }

            Task<TimerState?> ReadAsync()
            {
                asked = time.GetUtcNow();
                return store.ReadAsync(timer.Name, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing is held between two runs.
        }
    }

    private Task<bool> EnterAsync(CancellationToken stopping) => TryAsync(
        async () =>
        {
            DateTimeOffset now = time.GetUtcNow();
            await store.EnterAsync(
                new(timer.Name, timer.Text, timer.Schedule.Next(now), now, timer.IsMonitored ? null : now - PastDueAfter), stopping);
            return true;
        },
        stopping);

    /// <summary>A run for what was missed stands for the one at start, too, as in the official host.</summary>
    private async Task RunOnStartupAsync(CancellationToken stopping)
    {
        if (!timer.RunOnStartup
            || (await TryAsync(() => store.ReadAsync(timer.Name, stopping), stopping))?.Next <= time.GetUtcNow())
        {
            return;
        }

        if (await TryAsync(() => runner.ClaimBesideScheduleAsync(timer, stopping), stopping) is { } claim)
        {
            await runner.RunAsync(timer, claim, due: null);
        }
        else
        {
            Log.RunsElsewhere(logger, timer.Name);
        }
    }

    private async Task BidAsync(DateTimeOffset due, long? expired, CancellationToken stopping)
    {
        if (await TryAsync(() => runner.ClaimAsync(timer, due, expired, stopping), stopping) is { } claim)
        {
            if (expired is not null)
            {
                Log.TakesOver(logger, timer.Name, due);
            }

            await runner.RunAsync(timer, claim, due);
        }
    }

    private async Task StandDownAsync(TimerState state, CancellationToken stopping)
    {
        if (!_stoodDown)
        {
            _stoodDown = true;
            Log.OtherSchedule(logger, timer.Name, state.Schedule, timer.Text);
        }

        if (state.LeaseLeft is null && state.Next + lease.OtherScheduleGrace < time.GetUtcNow())
        {
            _stoodDown = false;
            await EnterAsync(stopping);
        }
        else
        {
            await WaitAsync(lease.OtherScheduleGrace, stopping);
        }
    }

    /// <summary>Until the lease of who runs it ends, or until the next occurrence, at which it is another race.</summary>
    private TimeSpan UntilNews(TimeSpan leaseLeft)
    {
        DateTimeOffset now = time.GetUtcNow();
        TimeSpan untilNext = timer.Schedule.Next(now) - now ?? lease.LookAgainAfter;
        return leaseLeft < untilNext ? leaseLeft : untilNext;
    }

    /// <summary>Were it to fire, it would write times that keep the hosts whose clocks are right silent.</summary>
    private Task WaitForClockAsync(TimeSpan ahead, CancellationToken stopping)
    {
        if (!_isAhead)
        {
            Log.ClockAhead(logger, timer.Name, ahead, store.Place);
        }

        _isAhead = true;
        return WaitAsync(lease.LookAgainAfter, stopping);
    }

    /// <summary>Whether a clock that was ahead has written a time that is later than what is due.</summary>
    private bool IsOfAnotherClock(TimerState state)
    {
        DateTimeOffset now = time.GetUtcNow();
        return state.LeaseLeft is null && state.Updated - now > ITimerStore.ClockTolerance && state.Next > timer.Schedule.Next(now);
    }

    /// <summary>Waits, but not for longer than until it is time to look again.</summary>
    private Task WaitAsync(TimeSpan wait, CancellationToken stopping) =>
        Task.Delay(wait < lease.LookAgainAfter ? wait : lease.LookAgainAfter, time, stopping);

    private async Task<T> TryAsync<T>(Func<Task<T>> attempt, CancellationToken stopping)
    {
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                T result = await attempt();
                if (health.Report(timer.Dependency, fault: null))
                {
                    Log.Reached(logger, timer.Name, store.Place);
                }

                return result;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                // The message may hold addresses and user names: /readyz is for anybody who asks, the log has the rest.
                if (health.Report(timer.Dependency, exception.GetBaseException().GetType().Name))
                {
                    Log.Away(logger, timer.Name, store.Place, exception.Message);
                }
            }

            await WaitAsync(lease.RetryDelay, stopping);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(31, LogLevel.Warning, "Timer function {Function} will not run again: '{Schedule}' has no time within 8 years")]
        public static partial void NeverDue(ILogger logger, string function, string schedule);

        [LoggerMessage(37, LogLevel.Warning,
            "Timer function {Function} cannot fire while {Store} is away; it keeps trying, nothing fires twice: {Reason}")]
        public static partial void Away(ILogger logger, string function, string store, string reason);

        [LoggerMessage(38, LogLevel.Information, "Timer function {Function} keeps its schedule in {Store}")]
        public static partial void Reached(ILogger logger, string function, string store);

        [LoggerMessage(39, LogLevel.Information, "Timer function {Function} runs on another host right now: no run at this start")]
        public static partial void RunsElsewhere(ILogger logger, string function);

        [LoggerMessage(40, LogLevel.Warning,
            "Timer function {Function}: the host that ran the occurrence of {Due:O} is out of reach, it is run again here")]
        public static partial void TakesOver(ILogger logger, string function, DateTimeOffset due);

        [LoggerMessage(46, LogLevel.Warning,
            "Timer function {Function} does not fire on this host: its clock is ahead by {Ahead} of that of {Store}. Set the clock")]
        public static partial void ClockAhead(ILogger logger, string function, TimeSpan ahead, string store);

        [LoggerMessage(41, LogLevel.Warning,
            "Timer function {Function}: a host that started later put '{Other}' in force; this one, with '{Schedule}', stands by")]
        public static partial void OtherSchedule(ILogger logger, string function, string other, string schedule);
    }
}
