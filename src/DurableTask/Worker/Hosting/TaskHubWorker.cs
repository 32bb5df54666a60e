using System.Diagnostics.Metrics;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask.Worker.Dispatch;
using Microsoft.DurableTask.Worker.Filters;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Worker.Hosting;

/// <summary>
/// Runs orchestrations, activities and (when they are enabled) entities of a task hub until it is stopped. It survives a hub
/// that goes away: it says so, waits and goes on.
/// </summary>
internal sealed partial class TaskHubWorker : DurableTaskWorker, IHostedLifecycleService
{
    private static readonly TimeSpan FirstReconnectDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan GiveBackTimeout = TimeSpan.FromSeconds(5);

    private readonly WorkerRuntime _runtime;
    private readonly OrchestrationDispatcher _dispatcher;
    private readonly EntityDispatcher _entities;
    private readonly ILogger _logger;
    private readonly CancellationTokenRegistration _stopping;

    public TaskHubWorker(
        string name,
        IDurableTaskFactory factory,
        IServiceProvider services,
        IOptionsMonitor<DurableTaskWorkerOptions> workerOptions,
        IOptionsMonitor<TaskHubWorkerOptions> hubOptions,
        IOptionsMonitor<DurableTaskWorkerWorkItemFilters> filters,
        IServiceScopeFactory scopes,
        ILoggerFactory loggerFactory)
        : base(name, factory)
    {
        ExceptionPropertiesProvider = services.GetService<IExceptionPropertiesProvider>();
        DurableTaskWorkerOptions options = workerOptions.Get(name);
        options.OrchestrationFilter ??= services.GetService<IOrchestrationFilter>();
        var orchestrationServices = new OrchestrationServices(
            new SizeLimitedDataConverter(options.DataConverter, hubOptions.Get(name).LargePayloads),
            loggerFactory,
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            options.MaximumTimerInterval,
            options.Versioning?.DefaultVersion ?? "",
            ExceptionPropertiesProvider is { } provider ? new ExceptionPropertiesProviderAdapter(provider) : null,
            options.Logging.UseLegacyCategories)
        {
            EntitiesEnabled = options.EnableEntitySupport,
            WritesSpans = hubOptions.Get(name).WritesSpans,
            Properties = hubOptions.Get(name).OrchestrationProperties.AsReadOnly(),
        };
        string workerId = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";
        _runtime = new WorkerRuntime(
            workerId,
            PayloadOffloadingHub.Around(services.GetRequiredKeyedService<ITaskHub>(name), hubOptions.Get(name).LargePayloads),
            factory,
            scopes,
            orchestrationServices,
            options,
            hubOptions.Get(name),
            WorkFilters.From(filters.Get(name)))
        {
            Metrics = new TaskMetrics(services.GetService<IMeterFactory>(), orchestrationServices.Loggers.Worker),
            TurnMiddleware = services.GetService<IOrchestrationTurnMiddleware>(),
        };
        _dispatcher = new OrchestrationDispatcher(_runtime);
        _entities = new EntityDispatcher(_runtime);
        _logger = orchestrationServices.Loggers.Worker;
        // Before StoppingAsync, which a host calls when it has got round to it.
        _stopping = services.GetService<IHostApplicationLifetime>()?.ApplicationStopping.Register(BeginStop) ?? default;
    }

    /// <summary>Called for all services before the first one stops: from here on, nothing new is started for its own sake.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        BeginStop();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Takes nothing new, lets what runs finish and stores its results; what does not finish is cancelled, then given back. Leases are
    /// renewed until the end, so that nothing runs twice meanwhile.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        BeginStop();
        await base.StopAsync(cancellationToken);
        await DrainAsync(cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        _stopping.Dispose();
        _runtime.Dispose();
        base.Dispose();
    }

    /// <summary>From now on nothing new is started.</summary>
    internal void BeginStop() => _runtime.BeginStop();

    /// <summary>Waits for what runs, cancels what does not end in time, and gives back what does not end even then. The time counts
    /// from when the worker was first asked to stop.</summary>
    internal async Task DrainAsync(CancellationToken cancellationToken)
    {
        using var drained = new CancellationTokenSource();
        Task renewals = RenewAsync(drained.Token);
        TaskHubWorkerOptions options = _runtime.HubOptions;
        if (!await _runtime.Running.DrainAsync(options.DrainTimeout - _runtime.StoppingFor, _runtime.Time, cancellationToken))
        {
            _runtime.Locks.CancelActivities();
            if (!await _runtime.Running.DrainAsync(options.CancellationGrace, _runtime.Time, CancellationToken.None))
            {
                Log.DrainTimedOut(_logger, options.DrainTimeout + options.CancellationGrace);
                await GiveBackAsync();
            }
        }

#pragma warning disable CA1849, MA0042 // CancelAsync would go through the thread pool, past the scheduler that the worker was given.
        drained.Cancel();
#pragma warning restore CA1849, MA0042
        await renewals;
        _runtime.EndStop();
    }

    /// <summary>The worker's life, on the scheduler of the caller: <see cref="ExecuteAsync"/> runs it on the thread pool.</summary>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        if (!await UntilItWorksAsync(_runtime.Hub.InitializeAsync, stoppingToken))
        {
            return;
        }

        Log.Started(_logger, _runtime.WorkerId);
        using IDisposable? attachment = (_runtime.Hub as ILocalDispatch)?.Attach(_dispatcher);
        // Leases are renewed for as long as anything runs; all else ends with the first word of a stop.
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _runtime.Claiming);
        List<Task> duties =
        [
            LoopAsync(_dispatcher.RunOnceAsync, WorkKind.Orchestration, ends.Token),
            LoopAsync(_dispatcher.Activities.RunOnceAsync, WorkKind.Activity, ends.Token),
            RenewAsync(stoppingToken),
            new RetentionDuty(_runtime).RunAsync(ends.Token),
        ];
        var unheard = new UnheardLocks(_runtime);
        duties.AddRange(Enum.GetValues<WorkKind>().Select(kind => unheard.RunAsync(kind, ends.Token)));
        if (_runtime.Services.EntitiesEnabled)
        {
            duties.Add(LoopAsync(_entities.RunOnceAsync, WorkKind.Entity, ends.Token));
            duties.Add(ReleaseOrphanedLocksAsync(ends.Token));
        }

        await Task.WhenAll(duties);
    }

    private async Task ReleaseOrphanedLocksAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_runtime.HubOptions.OrphanedLockSweepInterval, _runtime.Time);
        while (await NextTickAsync(timer, stopping))
        {
            try
            {
                await _entities.ReleaseOrphanedLocksAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                Log.NotSwept(_logger, unavailable.Message);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await RunAsync(stoppingToken);
    }

    private async Task LoopAsync(Func<CancellationToken, Task<int>> runOnce, WorkKind kind, CancellationToken stopping)
    {
        IReadOnlyList<WorkFilter>? only = _runtime.Filters.Of(kind);
        if (only is { Count: 0 })
        {
            return; // All work of this kind is left to others.
        }

        TimeSpan delay = FirstReconnectDelay;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (await runOnce(stopping) == 0)
                {
                    await _runtime.Hub.WaitForWorkAsync(kind, only, stopping);
                }

                delay = FirstReconnectDelay;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                Log.HubUnavailable(_logger, unavailable, kind, delay);
                delay = await PauseAsync(delay, stopping);
            }
        }
    }

    /// <summary>Each kind by itself: where the hub cannot renew one, or takes its time, the others keep their leases.</summary>
    private Task RenewAsync(CancellationToken stopping) => Task.WhenAll(
        RenewAsync(WorkKind.Orchestration, _runtime.Locks.RenewOrchestrationsAsync, stopping),
        RenewAsync(WorkKind.Activity, _runtime.Locks.RenewActivitiesAsync, stopping),
        RenewAsync(WorkKind.Entity, _runtime.Locks.RenewEntitiesAsync, stopping));

    private async Task RenewAsync(
        WorkKind kind, Func<ITaskHub, TimeSpan, CancellationToken, Task<int>> renew, CancellationToken stopping)
    {
        TimeSpan lease = _runtime.HubOptions.WorkItemLockTimeout;
        using var timer = new PeriodicTimer(lease / 3, _runtime.Time);
        while (await NextTickAsync(timer, stopping))
        {
            try
            {
                int lost = await renew(_runtime.Hub, lease, stopping);
                if (lost > 0)
                {
                    Log.LocksLost(_logger, lost, kind);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unavailable)
            {
                Log.NotRenewed(_logger, kind, unavailable.Message);
            }
        }
    }

    /// <returns>False when the worker is stopped first.</returns>
    private async Task<bool> UntilItWorksAsync(Func<CancellationToken, Task> action, CancellationToken stopping)
    {
        TimeSpan delay = FirstReconnectDelay;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await action(stopping);
                return true;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return false;
            }
            catch (Exception unavailable)
            {
                Log.HubNotReady(_logger, unavailable.Message, delay);
                delay = await PauseAsync(delay, stopping);
            }
        }

        return false;
    }

    private async Task<TimeSpan> PauseAsync(TimeSpan delay, CancellationToken stopping)
    {
        await Task.Delay(delay, _runtime.Time, stopping)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        TimeSpan next = delay * 2;
        return next < _runtime.HubOptions.MaximumReconnectDelay ? next : _runtime.HubOptions.MaximumReconnectDelay;
    }

    private static async Task<bool> NextTickAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task GiveBackAsync()
    {
        using var limit = new CancellationTokenSource(GiveBackTimeout, _runtime.Time);
        foreach (EntityLock held in _runtime.Locks.Entities)
        {
            _runtime.Locks.Remove(held);
            await GiveBackAsync(() => _runtime.Hub.Entities.AbandonAsync(held, TimeSpan.Zero, limit.Token), held.EntityId);
        }

        foreach (ActivityLock held in _runtime.Locks.Activities)
        {
            // Whatever still runs cannot store anything from here on.
            _runtime.Locks.Remove(held);
            await GiveBackAsync(() => _runtime.Hub.AbandonActivityAsync(held, TimeSpan.Zero, limit.Token), held.InstanceId);
        }

        foreach (OrchestrationLock held in _runtime.Locks.Orchestrations)
        {
            _runtime.Locks.Remove(held);
            await GiveBackAsync(() => _runtime.Hub.AbandonOrchestrationAsync(held, TimeSpan.Zero, limit.Token), held.InstanceId);
        }
    }

    private async Task GiveBackAsync(Func<Task> giveBack, string instanceId)
    {
        try
        {
            await giveBack();
        }
        catch (Exception unavailable)
        {
            Log.NotGivenBack(_logger, instanceId, unavailable.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 640, Level = LogLevel.Information, Message = "Worker '{WorkerId}' runs.")]
        public static partial void Started(ILogger logger, string workerId);

        [LoggerMessage(EventId = 641, Level = LogLevel.Error,
            Message = "The task hub cannot be used yet; the next attempt is in {Delay}. {Reason}")]
        public static partial void HubNotReady(ILogger logger, string reason, TimeSpan delay);

        [LoggerMessage(EventId = 642, Level = LogLevel.Error,
            Message = "The task hub did not answer ({Kind} work); the next attempt is in {Delay}.")]
        public static partial void HubUnavailable(ILogger logger, Exception exception, WorkKind kind, TimeSpan delay);

        [LoggerMessage(EventId = 643, Level = LogLevel.Warning,
            Message = "Locks ({Kind}) were not renewed; work whose lease ends moves to another worker. {Reason}")]
        public static partial void NotRenewed(ILogger logger, WorkKind kind, string reason);

        [LoggerMessage(EventId = 644, Level = LogLevel.Warning,
            Message = "{Count} locks ({Kind}) were lost: their leases ended before they were renewed.")]
        public static partial void LocksLost(ILogger logger, int count, WorkKind kind);

        [LoggerMessage(EventId = 645, Level = LogLevel.Warning,
            Message = "Work was still running after {Timeout}; its locks are given back and it runs again elsewhere.")]
        public static partial void DrainTimedOut(ILogger logger, TimeSpan timeout);

        [LoggerMessage(EventId = 646, Level = LogLevel.Warning,
            Message = "A lock of '{InstanceId}' could not be given back; it ends with its lease. {Reason}")]
        public static partial void NotGivenBack(ILogger logger, string instanceId, string reason);

        [LoggerMessage(EventId = 647, Level = LogLevel.Warning,
            Message = "Entities with orphaned locks were not looked for; the next attempt comes with the next interval. {Reason}")]
        public static partial void NotSwept(ILogger logger, string reason);
    }
}
