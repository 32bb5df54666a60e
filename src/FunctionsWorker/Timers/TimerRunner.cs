using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Timers;

/// <summary>
/// Runs a timer function under the lease that was claimed for it: renews while the function runs, cancels it when the lease cannot be
/// kept, and says when the run is over. A failed run is logged and counts as run; one that the host itself cut short does not: whoever is
/// first runs the occurrence again.
/// </summary>
internal sealed partial class TimerRunner(
    IHostStore store,
    FunctionInvoker invoker,
    TimerLease lease,
    TimerMetrics metrics,
    HostHealth health,
    HostDrain drain,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<TimerRunner> logger)
{
    private const int MissedCountedAtMost = 1000;

    /// <summary>Attempts to say that a run is over once the host stops; before that, it tries on.</summary>
    private const int AttemptsWhenStopping = 3;

    private static readonly TimeSpan PastDueAfter = TimeSpan.FromSeconds(1);

    /// <summary>Who this host is, for people who look into the store.</summary>
    private static readonly string Owner = $"{Environment.MachineName}/{Environment.ProcessId}";

    /// <summary>Claims an occurrence, or with <paramref name="due"/> null a run beside the schedule.</summary>
    public Task<TimerClaim?> ClaimAsync(
        TimerFunction timer, DateTimeOffset? due, long? expiredFence, CancellationToken cancellationToken) =>
        store.ClaimAsync(
            new(timer.Name, timer.Text, due, Owner, time.GetUtcNow(), lease.Duration, expiredFence), cancellationToken);

    /// <summary>Claims a run beside the schedule; also from a holder that has been silent for longer than lease and grace.</summary>
    public async Task<TimerClaim?> ClaimBesideScheduleAsync(TimerFunction timer, CancellationToken cancellationToken)
    {
        if (await ClaimAsync(timer, due: null, expiredFence: null, cancellationToken) is { } claim)
        {
            return claim;
        }

        return await store.ReadAsync(timer.Name, cancellationToken) is { } state && state.LeaseLeft < -lease.TakeoverGrace
            ? await ClaimAsync(timer, due: null, state.Fence, cancellationToken)
            : null;
    }

    public async Task RunAsync(TimerFunction timer, TimerClaim claim, DateTimeOffset? due)
    {
        DateTimeOffset started = time.GetUtcNow();
        TimeSpan late = due is { } at && started > at ? started - at : TimeSpan.Zero;
        int missed = due is { } first ? MissedBetween(timer, first, started) : 0;
        metrics.Fired(timer.Name, late, missed);
        if (missed > 0)
        {
            Log.Missed(logger, timer.Name, missed);
        }

        DateTimeOffset? next = due is { } occurrence ? timer.Schedule.Next(occurrence, started) : claim.Next;
        bool isOver = await InvokeUnderLeaseAsync(timer, claim.Fence, InfoOf(timer, claim, next, late >= PastDueAfter), next);
        DateTimeOffset ended = time.GetUtcNow();
        // Judged from the end: a run that outlasted its next times is not followed by one for each of them.
        await CompleteAsync(timer, new(
            timer.Name,
            claim.Fence,
            timer.Text,
            due is { } done ? timer.Schedule.Next(done, ended) : null,
            KeepsNext: due is null || !isOver,
            ended));
    }

    private static TimerInfo InfoOf(TimerFunction timer, TimerClaim claim, DateTimeOffset? next, bool isPastDue) => new()
    {
        IsPastDue = isPastDue,
        ScheduleStatus = !timer.IsMonitored ? null : new()
        {
            Last = claim.Last?.UtcDateTime ?? default,
            Next = next?.UtcDateTime ?? DateTime.MaxValue,
            LastUpdated = claim.Last is null ? default : claim.Updated.UtcDateTime,
        },
    };

    private static int MissedBetween(TimerFunction timer, DateTimeOffset due, DateTimeOffset now)
    {
        int missed = 0;
        for (DateTimeOffset? at = timer.Schedule.Next(due); at <= now && missed < MissedCountedAtMost; at = timer.Schedule.Next(at.Value))
        {
            missed++;
        }

        return missed;
    }

    /// <returns>False when the host cut the run short: it stops, or could not keep the lease.</returns>
    private async Task<bool> InvokeUnderLeaseAsync(TimerFunction timer, long fence, TimerInfo info, DateTimeOffset? next)
    {
        bool isOver = true;
        using var lost = new CancellationTokenSource(lease.Duration, time);
        using var ended = new CancellationTokenSource();
        Task renewing = KeepLeaseAsync(timer, fence, lost, ended.Token);
        try
        {
            await InvokeAsync(timer, info, lost.Token);
        }
        catch (Exception exception) when (drain.HasCutShort(exception)
            || (lost.IsCancellationRequested && HostDrain.IsCancelled(exception)))
        {
            isOver = false;
            Log.CutShort(logger, timer.Name);
        }
        catch (Exception exception)
        {
            isOver = exception is not RetriesInterruptedException;
            metrics.Failed(timer.Name);
            Log.RunFailed(logger, timer.Name, exception.Message, next);
            await WaitForRunAsync(timer, exception, lost.Token);
        }

        await ended.CancelAsync();
        await renewing;
        return isOver;
    }

    /// <summary>A function that was given up may still run: its lease is kept until it ends, for there are never two runs.</summary>
    private async Task WaitForRunAsync(TimerFunction timer, Exception failure, CancellationToken leaseLost)
    {
        if ((failure as FunctionTimeoutException ?? failure.InnerException as FunctionTimeoutException)?.StillRunning
            is { IsCompleted: false } running)
        {
            Log.StillRuns(logger, timer.Name);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(leaseLost, drain.InvocationsAbandoned);
            await running.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // A run goes on when the host stops, for as long as the drain allows: that token comes from the invoker. One that does not heed it
    // is abandoned, as the messages of queues are.
    private Task<FunctionContext> InvokeAsync(TimerFunction timer, TimerInfo info, CancellationToken leaseLost) =>
        invoker.InvokeAsync(new InvocationRequest(timer.Function, info), leaseLost).AsTask().WaitAsync(drain.InvocationsAbandoned);

    private async Task KeepLeaseAsync(TimerFunction timer, long fence, CancellationTokenSource lost, CancellationToken ended)
    {
        while (true)
        {
            await Task.Delay(lease.Duration / 3, time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (ended.IsCancellationRequested)
            {
                return;
            }

            try
            {
                long asked = time.GetTimestamp();
                if (!await store.RenewAsync(timer.Name, fence, lease.Duration, ended))
                {
                    Log.LeaseTaken(logger, timer.Name);
                    await lost.CancelAsync();
                    return;
                }

                TimeSpan left = lease.Duration - time.GetElapsedTime(asked);
                lost.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.NotRenewed(logger, timer.Name, exception.Message);
            }
        }
    }

    private async Task CompleteAsync(TimerFunction timer, TimerOutcome outcome)
    {
        for (int left = AttemptsWhenStopping; left > 0;)
        {
            try
            {
                // With the same fence, it is an earlier attempt, whose answer was lost, that has done it.
                if (!await store.CompleteAsync(outcome, CancellationToken.None)
                    && (await store.ReadAsync(timer.Name, CancellationToken.None))?.Fence != outcome.Fence)
                {
                    Log.TakenOver(logger, timer.Name);
                }

                return;
            }
            catch (Exception exception)
            {
                if (health.Report(timer.Dependency, exception.GetBaseException().GetType().Name))
                {
                    Log.NotCompleted(logger, timer.Name, exception.Message);
                }
            }

            left -= lifetime.ApplicationStopping.IsCancellationRequested ? 1 : 0;
            await Task.Delay(lease.RetryDelay, time, lifetime.ApplicationStopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(30, LogLevel.Warning, "Timer function {Function} failed ({Reason}); its schedule goes on, next run {Next:O}")]
        public static partial void RunFailed(ILogger logger, string function, string reason, DateTimeOffset? next);

        [LoggerMessage(32, LogLevel.Warning,
            "Timer function {Function}: {Count} further occurrences passed while no host ran it; this run stands for them")]
        public static partial void Missed(ILogger logger, string function, int count);

        [LoggerMessage(33, LogLevel.Warning, "Timer function {Function}: its lease could not be renewed: {Reason}")]
        public static partial void NotRenewed(ILogger logger, string function, string reason);

        [LoggerMessage(34, LogLevel.Warning,
            "Timer function {Function}: another host took its lease, since this one was out of reach; this run is cancelled")]
        public static partial void LeaseTaken(ILogger logger, string function);

        [LoggerMessage(35, LogLevel.Warning,
            "Timer function {Function} ran, but that it did could not be stored yet; it keeps trying, nothing fires twice: {Reason}")]
        public static partial void NotCompleted(ILogger logger, string function, string reason);

        [LoggerMessage(42, LogLevel.Warning,
            "Timer function {Function} was cancelled because this host stops or lost its lease; the occurrence is run again")]
        public static partial void CutShort(ILogger logger, string function);

        [LoggerMessage(45, LogLevel.Warning,
            "Timer function {Function} was given up and still runs; until it ends, it is not run again on any host")]
        public static partial void StillRuns(ILogger logger, string function);

        [LoggerMessage(36, LogLevel.Warning,
            "Timer function {Function} ran here while this host was out of reach; "
            + "another host took its lease and ran the occurrence again")]
        public static partial void TakenOver(ILogger logger, string function);
    }
}
