using DurableTask.Core.History;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Orchestrations;

/// <summary>
/// What an orchestrator sees during replay and afterwards alike. Every call turns into a numbered action or into a wait;
/// nothing here does I/O. Only the orchestrator's own code may call it.
/// </summary>
internal sealed partial class OrchestrationContext(
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
    public override IReadOnlyDictionary<string, object?> Properties => services.Properties;
    protected override ILoggerFactory LoggerFactory => services.LoggerFactory;

    public override TaskOrchestrationEntityFeature Entities => services.EntitiesEnabled
        ? _entities ??= new OrchestrationEntities(start, this, services, actions, events)
        : throw new NotSupportedException(
            "Durable entities are disabled: DurableTaskWorkerOptions.EnableEntitySupport is false on this worker.");

    /// <summary>What to send to entities when the orchestration ends inside of a critical section.</summary>
    public IReadOnlyList<global::DurableTask.Core.Hub.OutgoingEntityMessage> LockReleasesAtEnd => _entities?.ReleasesAtEnd ?? [];

    /// <summary>What lets everybody else back into the critical sections that the history shows open, for a replay that broke off before
    /// the code came to them.</summary>
    public IReadOnlyList<global::DurableTask.Core.Hub.OutgoingEntityMessage> LockReleasesFor(IEnumerable<HistoryEvent> history) =>
        services.EntitiesEnabled ? OrchestrationEntities.ReleasesFor(history) : [];

    /// <summary>The last value that the orchestrator set, as JSON; before that, what the previous execution left.</summary>
    public string? CustomStatus { get; private set; } = customStatus;

    /// <summary>The last request to start over, if any.</summary>
    public NextExecution? ContinuedAsNew { get; private set; }

    public void SetClock(DateTime now) => _now = now;

    public void SetReplaying(bool isReplaying) => _isReplaying = isReplaying;

    public override T? GetInput<T>()
        where T : default => services.DataConverter.Deserialize<T>(start.Input);

    public override async Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        ThrowIfForeignThread();
        TaskOptions.RejectAsInput(input, options);
        string? json = services.DataConverter.Serialize(input);
        return await CallAsync<TResult>(name, options?.Retry, () =>
        {
            int id = actions.NextId();
            return actions.Open(new TaskScheduledEvent(id, name.Name, options?.Version?.Version ?? Version, json)
            {
                Timestamp = services.UtcNow(),
                Tags = Copy(options?.Tags),
                ParentTraceContext = IsReplaying ? null : services.ContextOfAction(start, id),
            });
        });
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
        if (own?.InstanceId is { } chosen)
        {
            EntityIds.RequireStorable(chosen, nameof(options));
        }

        // One id for all attempts: a retry takes the place of the instance that failed.
        string instanceId = own?.InstanceId ?? NewGuid().ToString("N");
        return await CallAsync<TResult>(orchestratorName, options?.Retry, () =>
            actions.Open(new SubOrchestrationInstanceCreatedEvent(actions.NextId())
            {
                Timestamp = services.UtcNow(),
                InstanceId = instanceId,
                Name = orchestratorName.Name,
                Version = (own?.Version ?? options?.Version)?.Version ?? services.DefaultVersion,
                Input = json,
                Tags = Merge(start.Tags, options?.Tags),
            }));
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        ThrowIfForeignThread();
        fireAt = fireAt.ToUniversalTime();
        DateTime begin = CurrentUtcDateTime;
        DateTime leg;
        do
        {
            // A far timer goes in legs, so that a clock that is set right in between is noticed. No maximum means one leg.
            leg = services.MaximumTimerInterval > TimeSpan.Zero && fireAt - begin > services.MaximumTimerInterval
                ? begin + services.MaximumTimerInterval
                : fireAt;
            await StartTimer(leg, cancellationToken);

            // Never back to before the leg: where the hub's clock is ahead, each leg is due at once, and the next has to be a later one.
            begin = CurrentUtcDateTime > leg ? CurrentUtcDateTime : leg;
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

        // Serialised here, so that an input that cannot be serialised fails the code that hands it in.
        ContinuedAsNew = new NextExecution(services.DataConverter.Serialize(options.NewInput), options.NewVersion);
        if (!options.PreserveUnprocessedEvents)
        {
            // Only those that have come so far: what arrives from now on is meant for the next execution.
            events.Clear();
        }
    }

    public override Guid NewGuid()
    {
        ThrowIfForeignThread();
        return DeterministicGuid.Create(InstanceId, CurrentUtcDateTime, _guidCounter++);
    }

    private async Task StartTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            await Task.FromCanceled(cancellationToken);
        }

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
            RetryVerdict verdict = failure.IsNonRetriable ? default : await DecideAsync(name, retry, details, attempt, firstAttemptAt);
            if (verdict.Delay is { } delay)
            {
                await CreateTimer(CurrentUtcDateTime + delay, CancellationToken.None);
            }

            if (!verdict.TryAgain)
            {
                throw new TaskFailedException(name.Name, id, details);
            }
        }
    }

    private async Task<RetryVerdict> DecideAsync(
        TaskName name, TaskRetryOptions? retry, TaskFailureDetails failure, int attempt, DateTime firstAttemptAt)
    {
        if (retry?.Handler is not null && !IsReplaying)
        {
            Log.AskingRetryHandler(services.Loggers.Orchestrations, InstanceId, name.Name, attempt);
        }

        try
        {
            return await RetryDecision.DecideAsync(this, retry, failure, attempt, CurrentUtcDateTime - firstAttemptAt);
        }
        catch (Exception filterFailed) when (retry?.Policy is not null)
        {
            // The task's own failure is what the caller has to see, not that of a filter which looked at it.
            Log.RetryFilterFailed(services.Loggers.Orchestrations, filterFailed, InstanceId, name.Name);
            return default;
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

    private static partial class Log
    {
        [LoggerMessage(EventId = 55, Level = LogLevel.Information,
            Message = "'{InstanceId}': the retry handler of '{Name}' decides after failed attempt {Attempt}.")]
        public static partial void AskingRetryHandler(ILogger logger, string instanceId, string name, int attempt);

        [LoggerMessage(EventId = 56, Level = LogLevel.Error,
            Message = "'{InstanceId}': the HandleFailure of the retry policy for '{Name}' threw; the task is not tried again.")]
        public static partial void RetryFilterFailed(ILogger logger, Exception exception, string instanceId, string name);
    }
}
