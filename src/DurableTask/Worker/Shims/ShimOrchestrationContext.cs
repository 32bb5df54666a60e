using DurableTask.Core;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>What an orchestrator sees over a context of DurableTask.Core. Entities are not among it.</summary>
internal sealed class ShimOrchestrationContext(
    OrchestrationShimSettings settings, global::DurableTask.Core.OrchestrationContext inner, ExternalEvents events, object? input)
    : TaskOrchestrationContext
{
    private readonly DataConverter _converter = settings.Options.DataConverter;
    private int _guidCounter;
    private ContinueAsNewOptions? _continuedAsNew;

    public override TaskName Name => settings.Name;
    public override string InstanceId => inner.OrchestrationInstance.InstanceId;
    public override ParentOrchestrationInstance? Parent => settings.Parent;
    public override DateTime CurrentUtcDateTime => inner.CurrentUtcDateTime;
    public override bool IsReplaying => inner.IsReplaying;
    public override string Version => inner.Version;
    public override IReadOnlyDictionary<string, object?> Properties => settings.Properties;
    protected override ILoggerFactory LoggerFactory => settings.Loggers;

    /// <summary>As JSON; null for none.</summary>
    public string? CustomStatus { get; private set; }

    public override T? GetInput<T>()
        where T : default => input is null ? default : (T)input;

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        TaskOptions.RejectAsInput(input, options);
        return WithRetriesAsync(name, options?.Retry, () =>
            inner.ScheduleTask<TResult>(name.Name, options?.Version?.Version ?? Version, input));
    }

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        TaskOptions.RejectAsInput(input, options);
        string version = options?.Version?.Version ?? settings.Options.Versioning?.DefaultVersion ?? "";
        return WithRetriesAsync(orchestratorName, options?.Retry, () =>
        {
            string id = (options as SubOrchestrationOptions)?.InstanceId ?? NewGuid().ToString("N");
            return options?.Tags is { } tags
                ? inner.CreateSubOrchestrationInstance<TResult>(orchestratorName.Name, version, id, input, tags)
                : inner.CreateSubOrchestrationInstance<TResult>(orchestratorName.Name, version, id, input);
        });
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        fireAt = fireAt.ToUniversalTime();
        TimeSpan longest = settings.Options.MaximumTimerInterval;
        while (fireAt - CurrentUtcDateTime > longest)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await inner.CreateTimer(CurrentUtcDateTime + longest, true, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await inner.CreateTimer(fireAt, true, cancellationToken);
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        return events.Wait(eventName, payload => _converter.Deserialize<T>(payload)!, cancellationToken);
    }

    public override void SendEvent(string instanceId, string eventName, object payload)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        inner.SendEvent(new OrchestrationInstance { InstanceId = instanceId }, eventName, payload);
    }

    public override void SetCustomStatus(object? customStatus) => CustomStatus = _converter.Serialize(customStatus);

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) =>
        ContinueAsNew(new ContinueAsNewOptions { NewInput = newInput, PreserveUnprocessedEvents = preserveUnprocessedEvents });

    public override void ContinueAsNew(ContinueAsNewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _continuedAsNew = options;
        if (string.IsNullOrEmpty(options.NewVersion))
        {
            inner.ContinueAsNew(options.NewInput);
        }
        else
        {
            inner.ContinueAsNew(options.NewVersion, options.NewInput);
        }
    }

    public override Guid NewGuid() => DeterministicGuid.Create(InstanceId, CurrentUtcDateTime, _guidCounter++);

    /// <summary>Sends what nobody waited for to the next execution, if the code asked for that.</summary>
    public void HandOnEvents()
    {
        if (_continuedAsNew is { PreserveUnprocessedEvents: true })
        {
            foreach ((string name, string? payload) in events.Unprocessed)
            {
                inner.SendEvent(inner.OrchestrationInstance, name, new ShimConverter.Stored(payload));
            }
        }
    }

    private async Task<TResult> WithRetriesAsync<TResult>(TaskName name, TaskRetryOptions? retry, Func<Task<TResult>> call)
    {
        DateTime firstAttemptAt = CurrentUtcDateTime;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (OrchestrationException failed) when (failed.FailureDetails is not null)
            {
                TaskFailureDetails details = failed.FailureDetails.ToTaskFailureDetails();
                RetryVerdict verdict = failed.FailureDetails.IsNonRetriable
                    ? default
                    : await RetryDecision.DecideAsync(this, retry, details, attempt, CurrentUtcDateTime - firstAttemptAt);
                if (verdict.Delay is { } delay)
                {
                    await CreateTimer(CurrentUtcDateTime + delay, CancellationToken.None);
                }

                if (!verdict.TryAgain)
                {
                    int id = failed is SubOrchestrationFailedException child ? child.ScheduleId
                        : (failed as global::DurableTask.Core.Exceptions.TaskFailedException)?.ScheduleId ?? failed.EventId;
                    throw new TaskFailedException(name.Name, id, details);
                }
            }
        }
    }
}
