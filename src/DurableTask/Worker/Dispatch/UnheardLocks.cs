using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>
/// Gives back the locks that the hub gave this worker and of which the worker never heard (<see cref="Claims"/>): else the work would wait
/// for the end of a lease, and count as lost with a worker, although that lives. Looks at once after a failed call, and again until a lease
/// has passed, with pauses that double from 0.1 s to a third of the lease. Costs nothing while no call fails.
/// </summary>
internal sealed partial class UnheardLocks(WorkerRuntime runtime)
{
    /// <summary>How long work waits that was given back after several looks have failed in a row: one piece of it may be what they fail
    /// of, and the others have to get past it.</summary>
    private static readonly TimeSpan RepeatedDelay = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = runtime.Services.Loggers.Worker;

    /// <summary>The duty of one kind of work.</summary>
    public async Task RunAsync(WorkKind kind, CancellationToken stopping)
    {
        TimeSpan longest = runtime.HubOptions.WorkItemLockTimeout / 3;
        int looks = 0;
        try
        {
            while (true)
            {
                if (!runtime.Claims.IsInDoubt(kind))
                {
                    looks = 0;
                    await runtime.Claims.WaitForDoubtAsync(kind, Timeout.InfiniteTimeSpan, stopping);
                }

                await TryRunOnceAsync(kind, stopping);
                await runtime.Claims.WaitForDoubtAsync(kind, OwedCalls.PauseAfter(++looks, longest), stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What nobody heard of is freed by the end of the worker's session, or of the lease.
        }
    }

    private async Task TryRunOnceAsync(WorkKind kind, CancellationToken stopping)
    {
        try
        {
            int count = await RunOnceAsync(kind, stopping);
            if (count > 0)
            {
                Log.GivenBack(_logger, count, kind);
            }
        }
        catch (Exception unavailable) when (unavailable is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.NotFound(_logger, kind, unavailable.Message);
        }
    }

    /// <summary>Looks once.</summary>
    /// <returns>How many locks were given back.</returns>
    private Task<int> RunOnceAsync(WorkKind kind, CancellationToken cancellationToken)
    {
        TimeSpan delay = runtime.Claims.FailuresOf(kind) > 1 ? RepeatedDelay : TimeSpan.Zero;
        return kind switch
        {
            WorkKind.Orchestration => GiveBackAsync(
                runtime.Hub.FindOrchestrationLocksAsync,
                runtime.Locks.IsHeld,
                held => runtime.Hub.AbandonOrchestrationAsync(held, delay, cancellationToken),
                cancellationToken),
            WorkKind.Activity => GiveBackAsync(
                runtime.Hub.FindActivityLocksAsync,
                runtime.Locks.IsHeld,
                held => runtime.Hub.AbandonActivityAsync(held, delay, cancellationToken),
                cancellationToken),
            _ => GiveBackAsync(
                runtime.Hub.Entities.FindLocksAsync,
                runtime.Locks.IsHeld,
                held => runtime.Hub.Entities.AbandonAsync(held, delay, cancellationToken),
                cancellationToken),
        };
    }

    private async Task<int> GiveBackAsync<T>(
        Func<string, CancellationToken, Task<IReadOnlyList<T>>> find,
        Func<T, bool> isKnown,
        Func<T, Task> giveBack,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<T> found = await find(runtime.WorkerId, cancellationToken);
        if (found.All(isKnown))
        {
            return 0;
        }

        // Some may belong to an answer that is on its way. A lock that ends meanwhile cannot be given back any more: its fence is old.
        await runtime.Claims.WaitForTheseAsync(cancellationToken);
        T[] unheard = [.. found.Where(held => !isKnown(held))];
        foreach (T held in unheard)
        {
            await giveBack(held);
        }

        return unheard.Length;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 657, Level = LogLevel.Warning,
            Message = "{Count} locks ({Kind}) were given back: the hub had given them to this worker, which had no answer.")]
        public static partial void GivenBack(ILogger logger, int count, WorkKind kind);

        [LoggerMessage(EventId = 658, Level = LogLevel.Warning,
            Message = "Whether this worker has locks ({Kind}) that it does not know of could not be found out yet, it is tried again: "
                + "{Reason}")]
        public static partial void NotFound(ILogger logger, WorkKind kind, string reason);
    }
}
