using System.Runtime.CompilerServices;
using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace DurableTask.Core.Payloads;

/// <summary>
/// A hub whose large payloads are compressed and kept apart from everything else: callers see nothing of it. Small payloads cost a look at
/// their length; a large one costs a round trip to store and one to read.
/// </summary>
public sealed class PayloadOffloadingHub : ITaskHub, ILocalDispatch
{
    // Of a history that is read in parts: so many payloads are in memory together.
    private const int EventsAtOnce = 16;

    private readonly ITaskHub _hub;
    private readonly IPayloadStore _store;
    private readonly LargePayloadOptions _options;
    private PayloadOffloadingEntities? _entities;

    private PayloadOffloadingHub(ITaskHub hub, IPayloadStore store, LargePayloadOptions options)
    {
        _hub = hub;
        _store = store;
        _options = options;
    }

    /// <summary>Wraps a hub that can keep payloads apart; any other is returned as it is.</summary>
    public static ITaskHub Around(ITaskHub hub, LargePayloadOptions options) =>
        hub is IPayloadStore store ? new PayloadOffloadingHub(hub, store, options) : hub;

    public IEntityHub Entities => _entities ??= new PayloadOffloadingEntities(_hub.Entities, _store, _options.ThresholdBytes);

    public Task InitializeAsync(CancellationToken cancellationToken = default) => _hub.InitializeAsync(cancellationToken);

    public bool IsAway(Exception thrown) => _hub.IsAway(thrown);

    public async Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(_options.ThresholdBytes);
        instance = payloads.TakeFrom(instance);
        await payloads.StoreAsync(_store, cancellationToken);
        await _hub.CreateInstanceAsync(instance, reusableStatuses, cancellationToken);
    }

    public async Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(_options.ThresholdBytes);
        message = payloads.TakeFrom(instanceId, message);
        await payloads.StoreAsync(_store, cancellationToken);
        return await _hub.SendMessageAsync(instanceId, message, cancellationToken);
    }

    public async Task<InstanceState?> GetInstanceAsync(
        string instanceId, bool withPayloads, CancellationToken cancellationToken = default) =>
        await _hub.GetInstanceAsync(instanceId, withPayloads, cancellationToken) is { } state
            ? (await WholeAsync([state], cancellationToken))[0]
            : null;

    public async Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default)
    {
        var page = await _hub.QueryInstancesAsync(query, cancellationToken);
        return page with { Instances = await WholeAsync(page.Instances, cancellationToken) };
    }

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) => _hub.CountInstancesAsync(query, cancellationToken);

    public async Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default)
    {
        var history = await _hub.GetHistoryAsync(instanceId, cancellationToken);
        var payloads = new IncomingPayloads(_store);
        foreach (var entry in history ?? [])
        {
            payloads.Want(entry);
        }

        return await payloads.FindAsync(cancellationToken) ? [.. history!.Select(payloads.PutInto)] : history;
    }

    public async IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(
        string instanceId, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (HistoryEvent[] part in _hub.ReadHistoryAsync(instanceId, cancellationToken).Chunk(EventsAtOnce)
            .WithCancellation(cancellationToken))
        {
            var payloads = new IncomingPayloads(_store);
            Array.ForEach(part, payloads.Want);
            bool areFound = await payloads.FindAsync(cancellationToken);
            foreach (HistoryEvent entry in part)
            {
                yield return areFound ? payloads.PutInto(entry) : entry;
            }
        }
    }

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
        _hub.PurgeInstancesAsync(instanceIds, cancellationToken);

    public Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        _hub.PurgeExpiredAsync(timeToLive, maxCount, cancellationToken);

    public IInstanceWatch WatchInstance(string instanceId) => new WholeWatch(_hub.WatchInstance(instanceId));

    public IDisposable Attach(ILocalWorker worker) =>
        _hub is ILocalDispatch local ? local.Attach(new WholeWorker(worker)) : NoAttachment.Instance;

    public async Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default)
    {
        var items = await _hub.LockOrchestrationsAsync(request, cancellationToken);
        var payloads = new IncomingPayloads(_store);
        foreach (var item in items)
        {
            payloads.Want(item.Instance.CustomStatus);
            foreach (var entry in item.Messages.Select(message => message.Event).Concat(item.History ?? []))
            {
                payloads.Want(entry);
            }
        }

        // A turn needs no other payload of the instance: its input is in the start event.
        return await payloads.FindAsync(cancellationToken)
            ? [.. items.Select(item => item with
            {
                Instance = item.Instance with { CustomStatus = payloads.PutInto(item.Instance.CustomStatus) },
                Messages = [.. item.Messages.Select(message => message with { Event = payloads.PutInto(message.Event) })],
                History = item.History is { } history ? [.. history.Select(payloads.PutInto)] : null,
            })]
            : items;
    }

    public Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(_options.ThresholdBytes);
        return payloads.IsLarge(turn)
            ? CommitLargeTurnAsync(turn, payloads, cancellationToken)
            : _hub.CommitTurnAsync(turn, cancellationToken);
    }

    public Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        _hub.AbandonOrchestrationAsync(held, delay, cancellationToken);

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        _hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public async Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(
        LockRequest request, CancellationToken cancellationToken = default)
    {
        var items = await _hub.LockActivitiesAsync(request, cancellationToken);
        var payloads = new IncomingPayloads(_store);
        foreach (var item in items)
        {
            payloads.Want(item.Task);
            payloads.Want(item.Instance?.CustomStatus);
            foreach (var entry in item.Instance?.History ?? [])
            {
                payloads.Want(entry);
            }
        }

        return await payloads.FindAsync(cancellationToken)
            ? [.. items.Select(item => Whole(item, payloads))]
            : items;
    }

    private static ActivityWorkItem Whole(ActivityWorkItem item, IncomingPayloads payloads)
    {
        if (item.Instance is { } instance)
        {
            item = item with
            {
                Instance = instance with
                {
                    CustomStatus = payloads.PutInto(instance.CustomStatus),
                    History = [.. instance.History.Select(payloads.PutInto)],
                },
            };
        }

        return payloads.PutInto(item.Task) switch
        {
            TaskScheduledEvent task => item with { Task = task },
            var gone => item with { Fault = (UnreadableEvent)gone },
        };
    }

    public async Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default)
    {
        var payloads = new OutgoingPayloads(_options.ThresholdBytes);
        outcome = payloads.TakeFrom(held.InstanceId, outcome);
        await payloads.StoreAsync(_store, cancellationToken);
        await _hub.CompleteActivityAsync(held, outcome, cancellationToken);
    }

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        _hub.AbandonActivityAsync(held, delay, cancellationToken);

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        _hub.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) =>
        _hub.RenewLocksAsync(orchestrations, activities, lease, cancellationToken);

    public Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) =>
        _hub.FindOrchestrationLocksAsync(workerId, cancellationToken);

    public Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        _hub.FindActivityLocksAsync(workerId, cancellationToken);

    public Task WaitForWorkAsync(WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default) =>
        _hub.WaitForWorkAsync(kind, only, cancellationToken);

    private async Task<TurnReceipt> CommitLargeTurnAsync(TurnCommit turn, OutgoingPayloads payloads, CancellationToken cancellationToken)
    {
        var small = payloads.TakeFrom(turn);
        await payloads.StoreAsync(_store, cancellationToken);
        var receipt = await _hub.CommitTurnAsync(small, cancellationToken);
        return receipt with
        {
            Claimed = [.. receipt.Claimed.Select(
                item => item with { Task = turn.Activities.First(task => task.EventId == item.Lock.TaskId) })],
        };
    }

    /// <summary>What the hub knows without asking may lack large payloads: it has to be read then.</summary>
    private sealed class WholeWatch(IInstanceWatch inner) : IInstanceWatch
    {
        public InstanceState? Known =>
            inner.Known is { } known && IsWhole(known.Input) && IsWhole(known.Output) && IsWhole(known.CustomStatus) ? known : null;

        public Task WaitAsync(CancellationToken cancellationToken = default) => inner.WaitAsync(cancellationToken);

        public void Dispose() => inner.Dispose();

        private static bool IsWhole(string? text) => PayloadToken.IdIn(text) is null;
    }

    /// <summary>An instance with a large input takes the way through the inbox, where it is read.</summary>
    private sealed class WholeWorker(ILocalWorker inner) : ILocalWorker
    {
        public string WorkerId => inner.WorkerId;

        public TimeSpan Lease => inner.Lease;

        public bool TryReserve(ExecutionStartedEvent start) => PayloadToken.IdIn(start.Input) is null && inner.TryReserve(start);

        public void GiveBack() => inner.GiveBack();

        public void Start(OrchestrationWorkItem item) => inner.Start(item);
    }

    private sealed class NoAttachment : IDisposable
    {
        public static NoAttachment Instance { get; } = new();

        public void Dispose()
        {
            // The hub takes no workers.
        }
    }

    private async Task<IReadOnlyList<InstanceState>> WholeAsync(
        IReadOnlyList<InstanceState> states, CancellationToken cancellationToken)
    {
        var payloads = new IncomingPayloads(_store);
        foreach (var state in states)
        {
            payloads.Want(state.Input);
            payloads.Want(state.Output);
            payloads.Want(state.CustomStatus);
        }

        return await payloads.FindAsync(cancellationToken)
            ? [.. states.Select(state => state with
            {
                Input = payloads.PutInto(state.Input),
                Output = payloads.PutInto(state.Output),
                CustomStatus = payloads.PutInto(state.CustomStatus),
            })]
            : states;
    }
}
