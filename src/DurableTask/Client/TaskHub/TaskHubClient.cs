using DurableTask.Core;
using DurableTask.Core.Exceptions;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Client;

/// <summary>
/// The client over a task hub. Every call that returned is stored; a call that failed or was cancelled may have been stored or not.
/// Waits are woken by the hub, never by polling here. The hub belongs to whoever made it and is not disposed.
/// </summary>
internal sealed class TaskHubClient : DurableTaskClient
{
    private readonly ClientHub _hub;
    private readonly LargePayloadOptions _limits;
    private readonly IReadOnlyList<string>? _dedupeStatuses;
    private readonly bool _writesSpans;
    private readonly CancellationToken _stopping;
    private readonly TimeProvider _time;
    private readonly DurableTaskClientOptions _options;
    private readonly OrchestrationStarter _starter;
    private readonly InstancePurger _purger;
    private readonly TaskHubEntityClient? _entities;

    /// <summary>For the container; the builder hands in the name.</summary>
    public TaskHubClient(
        string name,
        IServiceProvider services,
        IOptionsMonitor<DurableTaskClientOptions> options,
        IOptionsMonitor<TaskHubClientOptions> hubOptions,
        TimeProvider time,
        ILoggerFactory loggers)
        : this(
            name,
            HubOf(name, services, hubOptions.Get(name)),
            options.Get(name),
            hubOptions.Get(name),
            time,
            loggers.CreateLogger("Microsoft.DurableTask.Client"))
    {
    }

    internal TaskHubClient(
        string name, ITaskHub hub, DurableTaskClientOptions options, TaskHubClientOptions hubOptions, TimeProvider time, ILogger logger)
        : base(name)
    {
        _hub = new ClientHub(name, hub);
        _limits = hubOptions.LargePayloads;
        _dedupeStatuses = hubOptions.DefaultDedupeStatuses;
        _writesSpans = hubOptions.WritesSpans;
        _stopping = hubOptions.Stopping;
        _time = time;
        _options = options;
        _starter = new OrchestrationStarter(_hub, hubOptions, time, logger);
        _purger = new InstancePurger(_hub, time);
        _entities = options.EnableEntitySupport
            ? new TaskHubEntityClient(name, _hub.Entities, options.DataConverter, hubOptions.LargePayloads, _writesSpans)
            : null;
    }

    /// <exception cref="NotSupportedException">Entities are not enabled.</exception>
    public override DurableEntityClient Entities => _entities ?? throw new NotSupportedException(
        $"Durable entities are disabled: {nameof(DurableTaskClientOptions)}.{nameof(DurableTaskClientOptions.EnableEntitySupport)} "
        + $"is false on client '{Name}'.");

    private DataConverter Converter => _options.DataConverter;

    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName,
        object? input = null,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default)
    {
        Check.Name(orchestratorName.Name, "orchestrator name", nameof(orchestratorName));
        var reuse = ReusePolicy.From(options?.DedupeStatuses ?? _dedupeStatuses);
        var instanceId = options?.InstanceId ?? _starter.NewId();
        Check.NewInstanceId(_options.EnableEntitySupport, instanceId);
        var start = new ExecutionStartedEvent(eventId: -1, Serialize(input, "input", nameof(input)))
        {
            Name = orchestratorName.Name,
            Version = Check.NoNul(options?.Version?.Version ?? _options.DefaultVersion, "version", nameof(options)),
            OrchestrationInstance = new OrchestrationInstance { InstanceId = instanceId },
            Tags = Check.Tags(options?.Tags, nameof(options)) is { Count: > 0 } tags
                ? new Dictionary<string, string>(tags, StringComparer.Ordinal)
                : null,
            ScheduledStartTime = options?.StartAt?.UtcDateTime,
        };
        await _starter.StartAsync(start, reuse, hasOwnId: options?.InstanceId is null, cancellation);
        return instanceId;
    }

    public override async Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        Check.Name(eventName, "event name", nameof(eventName));
        using var activity = _writesSpans ? ClientTracing.StartEvent(instanceId, eventName) : null;
        var raised = new EventRaisedEvent(eventId: -1, Serialize(eventPayload, "event payload", nameof(eventPayload))) { Name = eventName };
        try
        {
            await SendAsync(instanceId, raised, cancellation);
        }
        catch (Exception e)
        {
            ClientTracing.Fail(activity, e);
            throw;
        }
    }

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, status => status != OrchestrationStatus.Pending, getInputsAndOutputs, cancellation);

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, status => status.IsTerminal(), getInputsAndOutputs, cancellation);

    public override Task TerminateInstanceAsync(
        string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        var output = Serialize(options?.Output, "output", nameof(options));
        return SendAsync(instanceId, new ExecutionTerminatedEvent(eventId: -1, output, options?.Recursive ?? false), cancellation);
    }

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        Check.Payload(reason, _limits, nameof(reason), nameof(reason));
        return SendAsync(instanceId, new ExecutionSuspendedEvent(eventId: -1, reason), cancellation);
    }

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        Check.Payload(reason, _limits, nameof(reason), nameof(reason));
        return SendAsync(instanceId, new ExecutionResumedEvent(eventId: -1, reason), cancellation);
    }

    public override async Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        var state = await _hub.GetInstanceAsync(instanceId, getInputsAndOutputs, cancellation);
        return getInputsAndOutputs ? state?.ToMetadata(Converter) : state?.WithoutPayloads().ToMetadata(converter: null);
    }

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null)
    {
        filter ??= new OrchestrationQuery();
        var statuses = filter.Statuses?.Select(status => status.ToCore()).ToList();
        var query = new InstanceQuery(
            filter.CreatedFrom,
            filter.CreatedTo,
            statuses is { Count: > 0 } ? statuses : null,
            string.IsNullOrEmpty(filter.InstanceIdPrefix) ? null : Check.NoNul(filter.InstanceIdPrefix, "id prefix", nameof(filter)),
            PageSize: Check.PageSize(filter.PageSize, nameof(filter)),
            WithPayloads: filter.FetchInputsAndOutputs,
            Name: Check.NoNul((filter as OrchestrationFilter)?.Name?.Name, "orchestrator name", nameof(filter)),
            Tags: Check.Tags((filter as OrchestrationFilter)?.Tags, nameof(filter)));
        return Pageable.Create(async (token, pageSize, cancellation) =>
        {
            var page = await _hub.QueryInstancesAsync(
                query with
                {
                    ContinuationToken = token ?? filter.ContinuationToken,
                    PageSize = pageSize is { } size ? Check.PageSize(size, "pageSizeHint") : query.PageSize,
                },
                cancellation);
            var converter = query.WithPayloads ? Converter : null;
            return new Page<OrchestrationMetadata>(
                [.. page.Instances.Select(state => state.ToMetadata(converter))], page.ContinuationToken);
        });
    }

    public override Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        Check.InstanceId(instanceId);
        return _entities is { } entities && Check.IsEntity(instanceId)
            ? entities.PurgeAsync(EntityInstanceId.FromString(instanceId), cancellation)
            : _purger.PurgeAsync(instanceId, options?.Recursive ?? false, cancellation);
    }

    public override Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return _purger.PurgeAsync(filter, options?.Recursive ?? false, cancellation);
    }

    public override async Task<string> RestartAsync(
        string instanceId, bool restartWithNewInstanceId = false, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        var state = await _hub.GetInstanceAsync(instanceId, withPayloads: true, cancellation) ?? throw Unknown(instanceId);
        // Where a start replaces an instance in any state, so does a restart; one that has ended can always be restarted.
        var reuse = ReusePolicy.From(_dedupeStatuses is [] ? [] : null);
        if (!restartWithNewInstanceId && !state.Status.IsTerminal() && !reuse.Open.Contains(state.Status))
        {
            throw NotEnded(instanceId, state.Status.ToString());
        }

        var start = new ExecutionStartedEvent(eventId: -1, state.Input)
        {
            Name = state.Name,
            Version = state.Version,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = restartWithNewInstanceId ? _starter.NewId() : instanceId },
            Tags = state.Tags.Count > 0 ? new Dictionary<string, string>(state.Tags, StringComparer.Ordinal) : null,
        };
        try
        {
            await _starter.StartAsync(start, reuse, hasOwnId: restartWithNewInstanceId, cancellation);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            throw NotEnded(instanceId, "running again"); // Somebody else restarted it since it was read.
        }

        return start.OrchestrationInstance.InstanceId;
    }

    public override async Task RewindInstanceAsync(string instanceId, string reason, CancellationToken cancellation = default)
    {
        Check.InstanceId(instanceId);
        Check.Payload(reason, _limits, nameof(reason), nameof(reason));
        var state = await _hub.GetInstanceAsync(instanceId, withPayloads: false, cancellation) ?? throw Unknown(instanceId);
        var rewound = new ExecutionRewoundEvent(eventId: -1, reason) { Timestamp = _time.GetUtcNow().UtcDateTime };
        if (state.Status != OrchestrationStatus.Failed || !await _hub.SendMessageAsync(instanceId, rewound, cancellation))
        {
            throw new InvalidOperationException(
                $"Instance '{instanceId}' is {state.Status}: only a failed instance can be rewound. "
                + "Restart an instance that ended otherwise.");
        }
    }

    public override async Task<IList<HistoryEvent>> GetOrchestrationHistoryAsync(
        string instanceId, CancellationToken cancellation = default)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        cancellation.ThrowIfCancellationRequested(); // Also over a hub that answers at once.
        var history = await _hub.GetHistoryAsync(instanceId, cancellation) ?? throw Unknown(instanceId);
        return [.. history];
    }

    /// <summary>The same in parts; nothing for an instance that is not there.</summary>
    public IAsyncEnumerable<HistoryEvent> ReadOrchestrationHistoryAsync(string instanceId, CancellationToken cancellation)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        return _hub.ReadHistoryAsync(instanceId, cancellation);
    }

    public override async Task<Page<string>> ListInstanceIdsAsync(
        IEnumerable<OrchestrationRuntimeStatus>? runtimeStatus = null,
        DateTimeOffset? completedTimeFrom = default,
        DateTimeOffset? completedTimeTo = default,
        int pageSize = 100,
        string? lastInstanceKey = null,
        CancellationToken cancellation = default)
    {
        var page = await _hub.QueryInstancesAsync(
            new InstanceQuery(
                Statuses: runtimeStatus?.Select(status => status.ToCore()).ToList() is { Count: > 0 } statuses ? statuses : null,
                PageSize: Check.PageSize(pageSize, nameof(pageSize)),
                ContinuationToken: lastInstanceKey,
                ByCompletion: true,
                CompletedFrom: completedTimeFrom,
                CompletedTo: completedTimeTo),
            cancellation);
        return new Page<string>([.. page.Instances.Select(instance => instance.InstanceId)], page.ContinuationToken);
    }

    public async Task<IReadOnlyList<OrchestrationCount>> CountInstancesAsync(
        string? name, IEnumerable<OrchestrationRuntimeStatus>? statuses, bool exact, CancellationToken cancellation)
    {
        var wanted = statuses?.Select(status => status.ToCore()).ToList();
        var query = new InstanceCountQuery(Check.NoNul(name, "orchestrator name", nameof(name)), wanted, exact);
        var counts = await _hub.CountInstancesAsync(query, cancellation);
        return [.. counts.Select(count => new OrchestrationCount(count.Name, count.Status.ToClient(), count.Count, count.IsEstimate))];
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ITaskHub HubOf(string name, IServiceProvider services, TaskHubClientOptions options) =>
        options.CreateHub?.Invoke(services) is { } hub ? PayloadOffloadingHub.Around(hub, options.LargePayloads)
        : throw new InvalidOperationException(
            $"Durable task client '{name}' has no task hub. Call the Use... method of a storage, or UseTaskHub, on its builder.");

    private static ArgumentException Unknown(string instanceId) =>
        new($"An orchestration with the instanceId {instanceId} was not found. It never started, or it was purged.", nameof(instanceId));

    private static InvalidOperationException NotEnded(string instanceId, string status) =>
        new($"An orchestration with the instanceId {instanceId} cannot be restarted. It is {status}, and only an ended instance can be "
            + "restarted under the same id: terminate it first, or restart it with a new id.");

    private async Task<OrchestrationMetadata> WaitAsync(
        string instanceId, Func<OrchestrationStatus, bool> until, bool withPayloads, CancellationToken cancellation)
    {
        using var either = _stopping.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping) : null;
        try
        {
            return await WatchAsync(instanceId, until, withPayloads, either?.Token ?? cancellation);
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
        {
            // The one type for whoever gave up, whatever the hub was in the middle of: tests ask for it exactly.
            throw new OperationCanceledException($"The wait for instance '{instanceId}' was given up.", e, cancellation);
        }
        catch (OperationCanceledException e) when (_stopping.IsCancellationRequested)
        {
            throw new OperationCanceledException(
                $"The wait for instance '{instanceId}' has ended, because this process stops; the instance goes on.", e, _stopping);
        }
    }

    private async Task<OrchestrationMetadata> WatchAsync(
        string instanceId, Func<OrchestrationStatus, bool> until, bool withPayloads, CancellationToken cancellation)
    {
        Check.NoEntity(_options.EnableEntitySupport, instanceId);
        using var watch = _hub.WatchInstance(instanceId);
        InstanceState? seen = null;
        while (true)
        {
            // An end is told after it was stored: a rewind, or a new start under the id, may have come first.
            var known = watch.Known is { } told && (seen is null || told.UpdatedAt >= seen.UpdatedAt) ? told : null;
            var state = known ?? await _hub.GetInstanceAsync(instanceId, withPayloads, cancellation);
            if (state is not null && until(state.Status))
            {
                return withPayloads
                    ? state.ToMetadata(Converter)
                    : state.WithoutPayloads().ToMetadata(converter: null);
            }

            if (state is null && seen is not null)
            {
                throw new InvalidOperationException($"Instance '{instanceId}' was purged while it was waited for; its end was not seen.");
            }

            seen = state;
            await watch.WaitAsync(cancellation);
        }
    }

    private string? Serialize(object? value, string what, string parameter) =>
        Check.Payload(Converter.Serialize(value), _limits, what, parameter);

    private async Task SendAsync(string instanceId, HistoryEvent message, CancellationToken cancellation)
    {
        message.Timestamp = _time.GetUtcNow().UtcDateTime;
        await _hub.SendMessageAsync(instanceId, message, cancellation); // False (no such instance, or ended) is no error by contract.
    }
}
