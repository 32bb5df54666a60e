using DurableTask.Core.History;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// What an orchestrator sees during replay and afterwards alike. Every call turns into a numbered action or into a wait;
/// nothing here does I/O. Only the orchestrator's own code may call it.
/// </summary>
internal sealed class OrchestrationContext(
    ExecutionStartedEvent start,
    ParentOrchestrationInstance? parent,
    OrchestrationServices services,
    OrchestratorLoop loop,
    OrchestratorActions actions,
    ExternalEvents events,
    string? customStatus) : TaskOrchestrationContext
{
    private OrchestrationEntities? _entities;
    private int _guidCounter;
    private DateTime _now;
    private bool _isReplaying = true;

    public override TaskName Name { get; } = new(start.Name);
    public override string InstanceId { get; } = start.OrchestrationInstance.InstanceId;
    public override ParentOrchestrationInstance? Parent { get; } = parent;
    public override string Version { get; } = start.Version ?? "";
    public override DateTime CurrentUtcDateTime => _now;
    public override bool IsReplaying => _isReplaying;
    protected override ILoggerFactory LoggerFactory => services.LoggerFactory;

    public override TaskOrchestrationEntityFeature Entities => services.EntitiesEnabled
        ? _entities ??= new OrchestrationEntities(start, this, services, actions, events)
        : throw new NotSupportedException(
            "Durable entities are disabled: DurableTaskWorkerOptions.EnableEntitySupport is false on this worker.");

    /// <summary>What to send to entities when the orchestration ends inside of a critical section.</summary>
    public IReadOnlyList<global::DurableTask.Core.Hub.OutgoingEntityMessage> LockReleasesAtEnd => _entities?.ReleasesAtEnd ?? [];

    /// <summary>The last value that the orchestrator set, as JSON; before that, what the previous execution left.</summary>
    public string? CustomStatus { get; private set; } = customStatus;

    /// <summary>The last request to start over, if any.</summary>
    public ContinueAsNewOptions? ContinuedAsNew { get; private set; }

    public void SetClock(DateTime now) => _now = now;

    public void SetReplaying(bool isReplaying) => _isReplaying = isReplaying;

    public override T? GetInput<T>()
        where T : default => services.DataConverter.Deserialize<T>(start.Input);

    public override async Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        ThrowIfForeignThread();
        TaskOptions.RejectAsInput(input, options);
        string? json = services.DataConverter.Serialize(input);
        return await CallAsync<TResult>(name, options?.Retry, () => actions.Open(new TaskScheduledEvent(
            actions.NextId(), name.Name, options?.Version?.Version ?? Version, json)
        {
            Timestamp = services.UtcNow(),
            Tags = Copy(options?.Tags),
            ParentTraceContext = start.ParentTraceContext,
        }));
    }

    public override async Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        ThrowIfForeignThread();
        TaskOptions.RejectAsInput(input, options);
        _entities?.RequireSubOrchestrationAllowed();
        string? json = services.DataConverter.Serialize(input);
        var own = options as SubOrchestrationOptions;
        RejectEntityId(own?.InstanceId, nameof(options));

        return await CallAsync<TResult>(orchestratorName, options?.Retry, () =>
        {
            string instanceId = own?.InstanceId ?? NewGuid().ToString("N");
            return actions.Open(new SubOrchestrationInstanceCreatedEvent(actions.NextId())
            {
                Timestamp = services.UtcNow(),
                InstanceId = instanceId,
                Name = orchestratorName.Name,
                Version = (own?.Version ?? options?.Version)?.Version ?? services.DefaultVersion,
                Input = json,
                Tags = Merge(start.Tags, options?.Tags),
            });
        });
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        ThrowIfForeignThread();
        fireAt = fireAt.ToUniversalTime();
        DateTime leg;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();

            // A far timer goes in legs, so that a clock that is set right in between is noticed.
            leg = fireAt - CurrentUtcDateTime > services.MaximumTimerInterval
                ? CurrentUtcDateTime + services.MaximumTimerInterval
                : fireAt;
            await StartTimer(leg, cancellationToken);
        }
        while (leg != fireAt);
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        ThrowIfForeignThread();
        return events.Wait(eventName, payload => services.DataConverter.Deserialize<T>(payload)!, cancellationToken);
    }

    public override void SendEvent(string instanceId, string eventName, object payload)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        RejectEntityId(instanceId, nameof(instanceId));
        ThrowIfForeignThread();
        actions.Add(new EventSentEvent(actions.NextId())
        {
            Timestamp = services.UtcNow(),
            InstanceId = instanceId,
            Name = eventName,
            Input = services.DataConverter.Serialize(payload),
        });
    }

    public override void SetCustomStatus(object? customStatus)
    {
        ThrowIfForeignThread();
        CustomStatus = services.DataConverter.Serialize(customStatus);
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) =>
        ContinueAsNew(new ContinueAsNewOptions { NewInput = newInput, PreserveUnprocessedEvents = preserveUnprocessedEvents });

    public override void ContinueAsNew(ContinueAsNewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfForeignThread();
        ContinuedAsNew = options;
    }

    public override Guid NewGuid()
    {
        ThrowIfForeignThread();
        return DeterministicGuid.Create(InstanceId, CurrentUtcDateTime, _guidCounter++);
    }

    private async Task StartTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        int id = actions.NextId();
        Task<TaskOutcome> fired = actions.Open(new TimerCreatedEvent(id, fireAt) { Timestamp = services.UtcNow() });
        using CancellationTokenRegistration registration =
            cancellationToken.Register(() => actions.CancelTimer(id, cancellationToken));
        await fired;
    }

    private async Task<TResult> CallAsync<TResult>(TaskName name, TaskRetryOptions? retry, Func<Task<TaskOutcome>> start)
    {
        DateTime firstAttemptAt = CurrentUtcDateTime;
        for (int attempt = 1; ; attempt++)
        {
            int id = actions.PeekId();
            TaskOutcome outcome = await start();
            if (outcome.Failure is not { } failure)
            {
                return services.DataConverter.Deserialize<TResult>(outcome.Result)!;
            }

            TaskFailureDetails details = failure.ToTaskFailureDetails();
            TimeSpan? delay = failure.IsNonRetriable
                ? null
                : await RetryDecision.NextDelayAsync(this, retry, details, attempt, CurrentUtcDateTime - firstAttemptAt);
            if (delay is null)
            {
                throw new TaskFailedException(name.Name, id, details);
            }

            if (delay > TimeSpan.Zero)
            {
                await CreateTimer(CurrentUtcDateTime + delay.Value, CancellationToken.None);
            }
        }
    }

    private void RejectEntityId(string? instanceId, string parameter)
    {
        if (services.EntitiesEnabled && instanceId is not null && EntityIds.IsEntity(instanceId))
        {
            throw new ArgumentException(
                $"Instance id '{instanceId}': ids that begin with '@' are those of entities. Use the context's Entities.", parameter);
        }
    }

    /// <exception cref="InvalidOperationException">The caller is not the orchestrator's code in its turn.</exception>
    public void ThrowIfForeignThread()
    {
        if (!loop.IsCurrent)
        {
            throw new InvalidOperationException(
                $"Orchestrator '{Name}' (instance '{InstanceId}') used its context outside of its own turn. "
                + "An orchestrator may await only tasks that come from its context, "
                + "never Task.Run, Task.Delay, I/O or ConfigureAwait(false). "
                + "Move such work into an activity.");
        }
    }

    private static Dictionary<string, string>? Copy(IDictionary<string, string>? tags) =>
        tags is { Count: > 0 } ? new Dictionary<string, string>(tags, StringComparer.Ordinal) : null;

    private static Dictionary<string, string>? Merge(IDictionary<string, string>? inherited, IDictionary<string, string>? own)
    {
        Dictionary<string, string>? merged = Copy(inherited);
        foreach ((string key, string value) in own ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            (merged ??= new(StringComparer.Ordinal))[key] = value;
        }

        return merged;
    }
}
