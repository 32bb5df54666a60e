using System.Diagnostics;
using DurableTask.Core.Exceptions;
using Heal.Activities;
using Heal.Healing;
using Heal.Workflows;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Alerts;

/// <summary>
/// Sees to it that signals that wait are routed: starts the orchestration <c>RouteSignals</c> when somebody brought signals, and again
/// when one that failed is due. One orchestration runs at a time in the whole hub; who wakes while it does is followed by another one,
/// unless the running one found the signal. Holds no truth: what a process that dies leaves is found by
/// the timer <see cref="TendSignals"/>.
/// </summary>
internal sealed partial class RoutingPump(
    ISignalWriter writer, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<RoutingPump> logger)
    : IDisposable
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    // A run in another process, whose end may be heard late or never.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private static readonly OrchestrationRuntimeStatus[] Unfinished =
    [
        OrchestrationRuntimeStatus.Pending,
        OrchestrationRuntimeStatus.Running,
        OrchestrationRuntimeStatus.Suspended,
    ];

    private readonly SemaphoreSlim _woken = new(0);
    private int _isWoken;
    private int _isUrgent;
    private int _isRunning;

    /// <summary>Signals of this process wait, or will in a moment. Returns at once; cheap when it was woken already.</summary>
    public void Wake(DurableTaskClient client) => Wake(client, isUrgent: false);

    /// <summary>Signals wait that this process may know nothing of.</summary>
    public void WakeForOthers(DurableTaskClient client) => Wake(client, isUrgent: true);

    public void Dispose() => _woken.Dispose();

    private void Wake(DurableTaskClient client, bool isUrgent)
    {
        if (isUrgent)
        {
            Volatile.Write(ref _isUrgent, 1);
        }

        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
        {
            _woken.Release();
        }

        if (Volatile.Read(ref _isRunning) == 0 && Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = Task.Run(() => RunAsync(client), CancellationToken.None);
        }
    }

    private async Task RunAsync(DurableTaskClient client)
    {
        // No part of the trace of whoever came first.
        Activity.Current = null;
        CancellationToken stopping = lifetime.ApplicationStopping;
        Task woken = _woken.WaitAsync(stopping);
        DateTimeOffset? next = null;
        while (!stopping.IsCancellationRequested)
        {
            // In this order: who comes from now on is heard after this run.
            Volatile.Write(ref _isWoken, 0);
            if (woken.IsCompletedSuccessfully)
            {
                woken = _woken.WaitAsync(stopping);
            }

            // What came during the last run was found by it, as a rule: then there is nothing to do.
            bool isDue = next <= time.GetUtcNow();
            if (Interlocked.Exchange(ref _isUrgent, 0) == 1 || isDue || writer.HasNews)
            {
                next = await RunOnceAsync(client, stopping);
            }

            TimeSpan pause = next is not { } due ? Timeout.InfiniteTimeSpan
                : due > time.GetUtcNow() ? due - time.GetUtcNow() : TimeSpan.Zero;
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await Task.WhenAny(woken, Task.Delay(pause, time, timer.Token));
            await timer.CancelAsync();
        }
    }

    /// <returns>When to run again, woken or not; null when only being woken counts.</returns>
    private async Task<DateTimeOffset?> RunOnceAsync(DurableTaskClient client, CancellationToken stopping)
    {
        try
        {
            bool isOurs = await StartAsync(client, stopping);
            using var limit = new CancellationTokenSource(LongestWait, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            OrchestrationMetadata ended = await client.WaitForInstanceCompletionAsync(
                OrchestrationNames.RouteSignalsId, getInputsAndOutputs: true, either.Token);
            if (ended.RuntimeStatus != OrchestrationRuntimeStatus.Completed)
            {
                Log.Ended(logger, ended.RuntimeStatus, ended.FailureDetails?.ErrorMessage);
                return time.GetUtcNow() + AfterFailure;
            }

            // Another's run may have looked before our signal was there.
            return isOurs ? ended.ReadOutputAs<RoutingRun>()?.NextDueAt : time.GetUtcNow();
        }
        catch (OperationCanceledException)
        {
            return time.GetUtcNow();
        }
        catch (Exception failed)
        {
            Log.Failed(logger, failed, AfterFailure);
            return time.GetUtcNow() + AfterFailure;
        }
    }

    /// <returns>False when one runs already.</returns>
    private static async Task<bool> StartAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        StartOrchestrationOptions options =
            new StartOrchestrationOptions(OrchestrationNames.RouteSignalsId).WithDedupeStatuses(Unfinished);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                OrchestrationNames.RouteSignals, new RoutingRun(), options, cancellationToken);
            return true;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The routing of signals ended as {Status} ({Reason}). The signals wait in the store; it is begun again.")]
        public static partial void Ended(ILogger logger, OrchestrationRuntimeStatus status, string? reason);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The routing of signals could not be begun. The signals wait in the store; the next try is in {Pause}.")]
        public static partial void Failed(ILogger logger, Exception exception, TimeSpan pause);
    }
}
