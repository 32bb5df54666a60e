using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Filters;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>What the dispatchers of one worker share.</summary>
internal sealed class WorkerRuntime(
    string workerId,
    ITaskHub hub,
    IDurableTaskFactory factory,
    IServiceScopeFactory scopes,
    OrchestrationServices services,
    DurableTaskWorkerOptions options,
    TaskHubWorkerOptions hubOptions,
    WorkFilters filters) : IDisposable
{
    private readonly CancellationTokenSource _claiming = new();
    private long? _stopBegan;

    public string WorkerId { get; } = workerId;
    public ITaskHub Hub { get; } = hub;
    public IDurableTaskFactory Factory { get; } = factory;
    public IServiceScopeFactory Scopes { get; } = scopes;
    public OrchestrationServices Services { get; } = services;
    public DurableTaskWorkerOptions Options { get; } = options;
    public TaskHubWorkerOptions HubOptions { get; } = hubOptions;
    public WorkFilters Filters { get; } = filters;

    /// <summary>Stands around each turn; null for none.</summary>
    public IOrchestrationTurnMiddleware? TurnMiddleware { get; init; }

    public required TaskMetrics Metrics { get; init; }

    public TimeProvider Time => Services.TimeProvider;
    public HeldLocks Locks { get; } = new(hubOptions.WorkScheduler);
    public Claims Claims { get; } = new(services.TimeProvider, hubOptions.WorkItemLockTimeout);
    public RunningWork Running { get; } = new(hubOptions.WorkScheduler);
    public InstanceCache Cache { get; } = new(
        hubOptions.MaximumCachedInstances, hubOptions.MaximumCachedHistory, hubOptions.MaximumCachedEvents);
    public SuspectLane Suspects { get; } = new(services.TimeProvider);
    public WorkSlots OrchestrationSlots { get; } = new(options.Concurrency.MaximumConcurrentOrchestrationWorkItems);
    public WorkSlots ActivitySlots { get; } = new(options.Concurrency.MaximumConcurrentActivityWorkItems);
    public WorkSlots EntitySlots { get; } = new(options.Concurrency.MaximumConcurrentEntityWorkItems);
    public ILogger Logger { get; } = services.Loggers.Worker;

    /// <summary>True once the worker was asked to stop: what runs may finish, nothing new is taken.</summary>
    public bool IsStopping => _claiming.IsCancellationRequested;

    /// <summary>Cancelled when the worker is asked to stop. Whatever takes work out of the hub heeds it.</summary>
    public CancellationToken Claiming => _claiming.Token;

    /// <summary>True when the stop is over: whatever still runs stores nothing any more, and owes nothing.</summary>
    public bool IsOver { get; private set; }

    /// <summary>How long ago the worker was first asked to stop; zero before.</summary>
    public TimeSpan StoppingFor => _stopBegan is { } began ? Time.GetElapsedTime(began) : TimeSpan.Zero;

    /// <summary>The limits of activities by name; null for none.</summary>
    public IReadOnlyDictionary<string, int>? ActivityLimits { get; } = ConcurrencyLimits.ForHub(hubOptions.ConcurrencyLimits.Activities);

    /// <summary>The limits of orchestrations by name; null for none.</summary>
    public IReadOnlyDictionary<string, int>? OrchestrationLimits { get; } =
        ConcurrencyLimits.ForHub(hubOptions.ConcurrencyLimits.Orchestrations);

    public LockRequest Request(int count, IReadOnlyList<WorkFilter>? only, IReadOnlyDictionary<string, int>? limits) =>
        new(WorkerId, count, HubOptions.WorkItemLockTimeout, only, limits);

    /// <summary>From now on nothing new is taken.</summary>
    public void BeginStop()
    {
        _stopBegan ??= Time.GetTimestamp();
        _claiming.Cancel();
    }

    /// <summary>From now on nobody waits for what still runs.</summary>
    public void EndStop() => IsOver = true;

    public void Dispose()
    {
        _claiming.Dispose();
        Cache.Dispose();
        Suspects.Dispose();
    }
}
