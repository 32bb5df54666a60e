using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Client;

/// <summary>Creates instances. One that is to be replaced while it runs is terminated first, so that its workers let go of it.</summary>
internal sealed class OrchestrationStarter(ClientHub hub, TaskHubClientOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>A new id: a GUID in "N" format, which clients in other languages rely on for execution ids.</summary>
    public string NewId() => options.NewGuid(time.GetUtcNow()).ToString("N");

    /// <summary>Creates the instance of a start event.</summary>
    /// <param name="hasOwnId">True when its id was made by <see cref="NewId"/>.</param>
    /// <exception cref="OrchestrationAlreadyExistsException">The policy forbids to replace the instance that has the id.</exception>
    /// <exception cref="TimeoutException">The instance that has the id did not end in time.</exception>
    public async Task StartAsync(ExecutionStartedEvent start, ReusePolicy reuse, bool hasOwnId, CancellationToken cancellation)
    {
        start.OrchestrationInstance.ExecutionId = NewId();
        start.Timestamp = time.GetUtcNow().UtcDateTime;
        using var activity = options.WritesSpans ? ClientTracing.StartCreation(start) : null;
        start.ParentTraceContext = ClientTracing.ContextOf(activity);
        try
        {
            await CreateAsync(new NewInstance(start) { HasOwnId = hasOwnId }, reuse, cancellation);
        }
        catch (Exception e)
        {
            ClientTracing.Fail(activity, e);
            throw;
        }
    }

    private async Task CreateAsync(NewInstance instance, ReusePolicy reuse, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await hub.CreateInstanceAsync(instance, reuse.Ended, cancellation);
                return;
            }
            catch (OrchestrationAlreadyExistsException) when (reuse.Open.Count > 0 && attempt < ClientLimits.ReplaceAttempts)
            {
                var existing = await hub.GetInstanceAsync(instance.InstanceId, withPayloads: false, cancellation);
                if (existing is null || reuse.Ended.Contains(existing.Status))
                {
                    continue; // It ended, or was purged, meanwhile.
                }

                if (!reuse.Open.Contains(existing.Status))
                {
                    throw;
                }

                Log.ReplacingInstance(logger, existing.InstanceId, existing.Status);
                await TerminateAsync(existing.InstanceId, cancellation);
            }
        }
    }

    private async Task TerminateAsync(string instanceId, CancellationToken cancellation)
    {
        using var watch = hub.WatchInstance(instanceId);
        using var timeout = new CancellationTokenSource(options.ReplaceTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
        try
        {
            var end = new ExecutionTerminatedEvent(eventId: -1, input: null) { Timestamp = time.GetUtcNow().UtcDateTime };
            await hub.SendMessageAsync(instanceId, end, either.Token);
            while (await hub.GetInstanceAsync(instanceId, withPayloads: false, either.Token) is { } state && !state.Status.IsTerminal())
            {
                await watch.WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"Instance '{instanceId}' was to be replaced but did not end within {options.ReplaceTimeout} after it was asked to. "
                + "Nothing was created. See whether a worker runs that takes this orchestration, then start it again.",
                e);
        }
    }
}
