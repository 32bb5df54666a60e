using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// Fires the timer functions, each in a loop of its own: never two runs of one function at a time, and what was missed meanwhile is one
/// run, not many. A failed run is logged and the schedule goes on. Fires on every host that runs it; nothing is kept over a restart.
/// </summary>
internal sealed partial class TimerListener(
    IReadOnlyList<TimerFunction> timers, FunctionInvoker invoker, TimeProvider time, ILogger<TimerListener> logger) : BackgroundService
{
    // The longest wait that a timer of the runtime takes is 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);
    private static readonly TimeSpan PastDueAfter = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(timers.Select(timer => RunAsync(timer, stoppingToken)));

    private async Task RunAsync(TimerFunction timer, CancellationToken stopping)
    {
        var status = new ScheduleStatus();
        DateTimeOffset now = time.GetUtcNow();
        if (timer.RunOnStartup)
        {
            await FireAsync(timer, status, due: now);
        }

        DateTimeOffset? due = timer.Schedule.Next(time.GetUtcNow());
        while (due is { } at && await WaitUntilAsync(at, stopping))
        {
            await FireAsync(timer, status, at);
            // Judged from the later of the two: a run that outlasted its next time fires once more, not once for each time missed.
            due = timer.Schedule.Next(time.GetUtcNow() > at ? time.GetUtcNow() : at);
        }

        if (due is null)
        {
            Log.NeverDue(logger, timer.Function.Name, timer.Text);
        }
    }

    private async Task FireAsync(TimerFunction timer, ScheduleStatus status, DateTimeOffset due)
    {
        DateTimeOffset now = time.GetUtcNow();
        status.Next = (timer.Schedule.Next(now) ?? DateTimeOffset.MaxValue).UtcDateTime;
        var info = new TimerInfo
        {
            IsPastDue = now - due >= PastDueAfter,
            ScheduleStatus = new() { Last = status.Last, Next = status.Next, LastUpdated = status.LastUpdated },
        };
        status.Last = now.UtcDateTime;
        status.LastUpdated = now.UtcDateTime;
        try
        {
            // A run goes on when the host stops, for as long as the drain allows: its token comes from there.
            await invoker.InvokeAsync(new InvocationRequest(timer.Function, info), CancellationToken.None);
        }
        catch (Exception exception)
        {
            Log.RunFailed(logger, timer.Function.Name, exception.Message, status.Next);
        }
    }

    private async Task<bool> WaitUntilAsync(DateTimeOffset at, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested && at - time.GetUtcNow() is { Ticks: > 0 } left)
        {
            TimeSpan wait = left < LongestWait ? left : LongestWait;
            await Task.Delay(wait, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return !stopping.IsCancellationRequested;
    }

    private static partial class Log
    {
        [LoggerMessage(30, LogLevel.Warning, "Timer function {Function} failed ({Reason}); its schedule goes on, next run {Next:O}")]
        public static partial void RunFailed(ILogger logger, string function, string reason, DateTime next);

        [LoggerMessage(31, LogLevel.Warning, "Timer function {Function} will not run again: '{Schedule}' has no time within 8 years")]
        public static partial void NeverDue(ILogger logger, string function, string schedule);
    }
}
