using Azure;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// Fetches the messages of one queue in batches and hands each to the <see cref="QueueMessageRunner"/>. Polls less and less often while the
/// queue is empty (up to <c>maxPollingInterval</c>), keeps trying while the storage is away, and says so at <c>/readyz</c>.
/// </summary>
internal sealed partial class QueueListener(
    QueueFunction function,
    QueueMessageRunner runner,
    QueueSettings settings,
    QueueLease lease,
    MessageTraces traces,
    HostHealth health,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<QueueListener> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPollingInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(15);

    // A call that is under way when the host stops may bring messages, which would be hidden for a whole lease if nobody took them.
    private static readonly TimeSpan PatienceWhenStopping = TimeSpan.FromSeconds(2);

    private readonly RunningMessages _running = new();
    private readonly string _dependency = $"queue '{function.Queue.Name}' of function '{function.Function.Name}'";

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _running.UntilAtMostAsync(0).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Nothing new from the first moment on: this service's own turn to stop comes later, after that of the web server.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await ListenAsync(stopping.Token);
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        health.Report(_dependency, "not reached yet");
        bool created = false;
        TimeSpan pause = FirstPollingInterval;
        TimeSpan retry = FirstRetryDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!created)
                {
                    await function.Queue.CreateIfNotExistsAsync(metadata: null, stoppingToken);
                    created = true;
                }

                int received = await RunOnceAsync(stoppingToken);
                ReportReached();
                retry = FirstRetryDelay;
                pause = received > 0 ? FirstPollingInterval : Longer(pause, settings.MaxPollingInterval);
                if (received == 0)
                {
                    await PauseAsync(pause, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // The queue may have been deleted meanwhile, or the storage replaced: look again.
                created = false;
                ReportMissing(exception, retry);
                await PauseAsync(retry, stoppingToken);
                retry = Longer(retry, LongestRetryDelay);
            }
        }
    }

    /// <summary>Waits until few enough messages run, fetches a batch and starts it.</summary>
    /// <returns>How many messages came.</returns>
    private async Task<int> RunOnceAsync(CancellationToken stopping)
    {
        await _running.UntilAtMostAsync(settings.NewBatchThreshold).WaitAsync(stopping);
        QueueMessage[] batch = await ReceiveAsync(stopping);
        if (stopping.IsCancellationRequested)
        {
            await Task.WhenAll(batch.Select(message => runner.GiveBackAsync(function, message, message.PopReceipt)));
            return 0;
        }

        await traces.LearnAsync(batch);
        foreach (QueueMessage message in batch)
        {
            _running.Start(() => runner.RunAsync(function, message));
        }

        return batch.Length;
    }

    private async Task<QueueMessage[]> ReceiveAsync(CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource();
        await using CancellationTokenRegistration limit = stopping.Register(() => patience.CancelAfter(PatienceWhenStopping));
        return (await function.Queue.ReceiveMessagesAsync(settings.BatchSize, lease.Duration, patience.Token)).Value;
    }

    private void ReportReached()
    {
        if (health.Report(_dependency, fault: null))
        {
            Log.Reached(logger, function.Queue.Name, function.Function.Name);
        }
    }

    private void ReportMissing(Exception exception, TimeSpan retry)
    {
        // The message may hold addresses and account names: /readyz is for anybody who asks, the log has the rest.
        health.Report(
            _dependency,
            exception is RequestFailedException { ErrorCode: { } code } ? code : exception.GetBaseException().GetType().Name);
        string storage = function.Queue.Uri.GetLeftPart(UriPartial.Authority);
        string reason = StorageFault.Of(exception, function.Connection);
        Log.Missing(logger, function.Queue.Name, function.Function.Name, storage, reason, retry);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stopping) =>
        await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static TimeSpan Longer(TimeSpan pause, TimeSpan longest) => pause * 2 < longest ? pause * 2 : longest;

    private static partial class Log
    {
        [LoggerMessage(43, LogLevel.Information, "Queue {Queue} of function {Function} is reached; listening")]
        public static partial void Reached(ILogger logger, string queue, string function);

        [LoggerMessage(44, LogLevel.Error,
            "Queue {Queue} of function {Function} at {Storage} cannot be read: {Reason} Next attempt in {Retry}")]
        public static partial void Missing(
            ILogger logger, string queue, string function, string storage, string reason, TimeSpan retry);
    }
}
