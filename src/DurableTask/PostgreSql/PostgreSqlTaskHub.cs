using DurableTask.Core;
using DurableTask.Core.History;
using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;
using Heal.Postgres;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// A task hub in one schema of a PostgreSQL database, shared by any number of processes. Turns are committed in groups, work is found with
/// SKIP LOCKED, other processes are woken by LISTEN/NOTIFY. All times are those of the database.
/// </summary>
/// <remarks>
/// When the database is away, calls throw (see <see cref="PostgresErrors.IsTransient"/>) and nothing is lost; waits go on by the safety
/// poll or throw too. After a call that threw, what it should have stored was stored as a whole or not at all.
/// </remarks>
public sealed class PostgreSqlTaskHub : ITaskHub, IPayloadStore, ILocalDispatch, IAsyncDisposable
{
    private readonly PostgreSqlTaskHubOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HubDatabase _database;
    private readonly HubSignals _signals;
    private readonly InstanceStore _instances;
    private readonly InstanceQueries _queries;
    private readonly InstanceCounts _counts;
    private readonly WorkItemStore _workItems;
    private readonly PostgreSqlEntityHub _entities;
    private readonly TurnCommitter _committer;
    private readonly InboxWriter _inbox;
    private readonly InboxSweeper _sweeper;
    private readonly PayloadStore _payloads;
    private readonly HubListener _listener;
    private readonly HubNotifier _notifier;
    private readonly Residents _residents;
    private readonly LocalWorkers _workers = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _initializing = new(1, 1);
    private readonly List<Task> _duties = [];
    private volatile bool _isReady;
    private volatile Exception? _notReady;
    private bool _isDisposed;

    /// <summary>Creates the hub object; nothing is connected before <see cref="InitializeAsync"/>.</summary>
    /// <exception cref="OptionsValidationException">The options cannot be used; the message holds every fault.</exception>
    public PostgreSqlTaskHub(PostgreSqlTaskHubOptions options, TimeProvider timeProvider, ILoggerFactory? loggerFactory = null)
    {
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new OptionsValidationException(nameof(PostgreSqlTaskHubOptions), typeof(PostgreSqlTaskHubOptions), faults);
        }

        _options = options;
        _time = timeProvider;
        loggerFactory ??= NullLoggerFactory.Instance;
        _logger = new QuietLogger(loggerFactory.CreateLogger<PostgreSqlTaskHub>());
        _database = new HubDatabase(options, loggerFactory);

        // Names this process: its own notifications among those of others, and the lock that says that it lives.
        var self = Guid.NewGuid().ToString("N");
        _residents = new Residents(timeProvider);
        _signals = new HubSignals(timeProvider, options.SafetyPollInterval);
        var peers = new HubPeers(timeProvider);
        var leases = new WorkerLeases(_database, self, timeProvider);
        var sessions = new WorkerSessions(_database, _signals, _residents, self, timeProvider, _logger);
        _notifier = new HubNotifier(_database, _signals, peers, self, timeProvider, _logger);
        _committer = new TurnCommitter(_database, _signals, _notifier, leases, _residents, timeProvider, _logger);
        _inbox = new InboxWriter(_database, _notifier, timeProvider, _logger);
        _queries = new InstanceQueries(_database);
        _counts = new InstanceCounts(_database);
        _payloads = new PayloadStore(_database, timeProvider, _logger);
        _instances = new InstanceStore(_database, _notifier, _committer, _inbox, _workers);
        _workItems = new WorkItemStore(_database, _signals, _notifier, sessions, leases, _residents, _inbox);
        _sweeper = new InboxSweeper(_database, timeProvider, _logger);
        _entities = new PostgreSqlEntityHub(_database, _signals, _notifier, sessions, timeProvider, _logger);
        var clock = new ServerClock(_database, _signals, self, timeProvider, _logger);
        _listener = new HubListener(_database, _signals, sessions, peers, _notifier, clock, self, timeProvider, _logger);
    }

    public IEntityHub Entities => _entities;

    /// <inheritdoc/>
    /// <exception cref="PostgresUnavailableException">PostgreSQL did not answer within the startup timeout, or refused.</exception>
    /// <exception cref="MigrationException">The schema does not fit this program.</exception>
    public async Task InitializeAsync(CancellationToken cancellationToken = default)
    {
        await _initializing.WaitAsync(cancellationToken);
        try
        {
            if (_isReady)
            {
                return; // The host has made it ready before its worker asks for it.
            }

            var patience = _options.RequiredAtStart ? _options.StartupTimeout : TimeSpan.Zero;
            await PostgresStartup.WaitUntilReadyAsync(_database.DataSource, _time, _logger, patience, cancellationToken);
            var migrator = new Migrator(_database.SessionSource, _options.Schema, Migration.FromResources<PostgreSqlTaskHub>());
            await (_options.MigrateAtStart ? migrator.MigrateAsync(cancellationToken) : migrator.VerifyAsync(cancellationToken));
            _duties.Add(Task.Run(() => _listener.RunAsync(_stopping.Token), CancellationToken.None));
            _duties.Add(Task.Run(() => _notifier.RunAsync(_stopping.Token), CancellationToken.None));
            _duties.Add(Task.Run(() => _sweeper.RunAsync(_stopping.Token), CancellationToken.None));
            _duties.Add(Task.Run(() => _payloads.RunAsync(_stopping.Token), CancellationToken.None));
            _isReady = true;
        }
        catch (Exception failure)
        {
            _notReady = failure;
            throw;
        }
        finally
        {
            _initializing.Release();
        }
    }

    /// <inheritdoc/>
    /// <remarks>Until the hub has been made ready its tables may be missing, on a server that answers again.</remarks>
    public bool IsAway(Exception thrown) => thrown is not OperationCanceledException
        && (PostgresErrors.IsTransient(thrown)
            || (thrown is NpgsqlException && !_isReady && _notReady is not null));

    public Task CreateInstanceAsync(
        NewInstance instance, IReadOnlyCollection<OrchestrationStatus> reusableStatuses, CancellationToken cancellationToken = default) =>
        !_isReady ? throw NotInitialized() : _instances.CreateAsync(instance, reusableStatuses, cancellationToken);

    public Task<bool> SendMessageAsync(string instanceId, HistoryEvent message, CancellationToken cancellationToken = default) =>
        _instances.SendAsync(instanceId, message, cancellationToken);

    public Task<InstanceState?> GetInstanceAsync(string instanceId, bool withPayloads, CancellationToken cancellationToken = default) =>
        // Who asks whether the hub is there asks this: tables are not enough.
        !_isReady ? throw NotInitialized() : _instances.GetAsync(instanceId, withPayloads, cancellationToken);

    public Task<InstancePage> QueryInstancesAsync(InstanceQuery query, CancellationToken cancellationToken = default) =>
        _queries.QueryAsync(query, cancellationToken);

    public Task<IReadOnlyList<InstanceCount>> CountInstancesAsync(
        InstanceCountQuery query, CancellationToken cancellationToken = default) => _counts.CountAsync(query, cancellationToken);

    public Task<IReadOnlyList<HistoryEvent>?> GetHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        _instances.GetHistoryAsync(instanceId, cancellationToken);

    public IAsyncEnumerable<HistoryEvent> ReadHistoryAsync(string instanceId, CancellationToken cancellationToken = default) =>
        _instances.ReadHistoryAsync(instanceId, cancellationToken);

    public Task<int> PurgeInstancesAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken = default) =>
        _instances.PurgeAsync(instanceIds, cancellationToken);

    public Task<ExpiryRound> PurgeExpiredAsync(
        IReadOnlyDictionary<OrchestrationStatus, TimeSpan> timeToLive, int maxCount, CancellationToken cancellationToken = default) =>
        _instances.PurgeExpiredAsync(timeToLive, maxCount, cancellationToken);

    public IInstanceWatch WatchInstance(string instanceId) => _signals.Watchers.Watch(instanceId, _residents.StateOf);

    /// <inheritdoc/>
    /// <remarks>A lock need not survive a crash of the database server, so taking one does not wait for the disk.</remarks>
    public Task<IReadOnlyList<OrchestrationWorkItem>> LockOrchestrationsAsync(
        LockRequest request, CancellationToken cancellationToken = default) =>
        _workItems.LockOrchestrationsAsync(request, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NpgsqlException">The turn was not stored, or (connection lost during COMMIT) nobody knows: reload the
    /// instance.</exception>
    /// <exception cref="InvalidOperationException">The hub was not initialized, so nobody would ever commit.</exception>
    public Task<TurnReceipt> CommitTurnAsync(TurnCommit turn, CancellationToken cancellationToken = default) =>
        !_isReady
            ? throw NotInitialized()
            : _committer.CommitAsync(turn, cancellationToken);

    public async Task AbandonOrchestrationAsync(OrchestrationLock held, TimeSpan delay, CancellationToken cancellationToken = default)
    {
        await _committer.StoreStartAsync(held.InstanceId);
        await _workItems.AbandonOrchestrationAsync(held, delay, cancellationToken);
    }

    public Task<IReadOnlyList<ActivityWorkItem>> LockActivitiesAsync(LockRequest request, CancellationToken cancellationToken = default) =>
        _workItems.LockActivitiesAsync(request, cancellationToken);

    public Task CompleteActivityAsync(ActivityLock held, HistoryEvent outcome, CancellationToken cancellationToken = default) =>
        _workItems.CompleteActivityAsync(held, outcome, cancellationToken);

    public Task AbandonActivityAsync(ActivityLock held, TimeSpan delay, CancellationToken cancellationToken = default) =>
        _workItems.AbandonActivityAsync(held, delay, cancellationToken);

    public Task SetLostAttemptsAsync(OrchestrationLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        _workItems.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public Task SetLostAttemptsAsync(ActivityLock held, int lostAttempts, CancellationToken cancellationToken = default) =>
        _workItems.SetLostAttemptsAsync(held, lostAttempts, cancellationToken);

    public Task<LostLocks> RenewLocksAsync(
        IReadOnlyCollection<OrchestrationLock> orchestrations,
        IReadOnlyCollection<ActivityLock> activities,
        TimeSpan lease,
        CancellationToken cancellationToken = default) =>
        _workItems.RenewAsync(orchestrations, activities, lease, cancellationToken);

    public Task<IReadOnlyList<OrchestrationLock>> FindOrchestrationLocksAsync(
        string workerId, CancellationToken cancellationToken = default) =>
        _workItems.FindOrchestrationLocksAsync(workerId, cancellationToken);

    public Task<IReadOnlyList<ActivityLock>> FindActivityLocksAsync(string workerId, CancellationToken cancellationToken = default) =>
        _workItems.FindActivityLocksAsync(workerId, cancellationToken);

    public Task PutPayloadsAsync(IReadOnlyCollection<StoredPayload> payloads, CancellationToken cancellationToken = default) =>
        _payloads.PutAsync(payloads, cancellationToken);

    public Task<IReadOnlyDictionary<string, byte[]>> GetPayloadsAsync(
        IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default) => _payloads.GetAsync(ids, cancellationToken);

    public IDisposable Attach(ILocalWorker worker) => _workers.Attach(worker);

    public async Task WaitForWorkAsync(
        WorkKind kind, IReadOnlyList<WorkFilter>? only, CancellationToken cancellationToken = default)
    {
        var signal = _signals.Of(kind);
        if (await signal.WaitAsync(TimeSpan.Zero, _time, cancellationToken))
        {
            return;
        }

        var due = kind == WorkKind.Entity
            ? await _entities.NextDueAsync(only, cancellationToken)
            : await _workItems.NextDueAsync(kind, only, cancellationToken);
        var longest = _options.SafetyPollInterval;
        await signal.WaitAsync(due < longest ? due.Value : longest, _time, cancellationToken);
    }

    /// <summary>Commits what was handed over, then stops the background duties. Other processes give back what is still locked.</summary>
    public async ValueTask DisposeAsync()
    {
        // A container that knows the hub under several types disposes it several times.
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _committer.DisposeAsync();
        await _inbox.DisposeAsync();
        await _entities.DisposeAsync();
        await _stopping.CancelAsync();
        await Task.WhenAll(_duties);
        await _database.DisposeAsync();
        _stopping.Dispose();
        _initializing.Dispose();
    }

    private Exception NotInitialized() => _notReady is { } reason
        ? new PostgresUnavailableException($"Task hub '{_options.Schema}' cannot be used yet. {reason.Message}", reason)
        : new InvalidOperationException($"Task hub '{_options.Schema}' is not initialized. Call {nameof(InitializeAsync)} first.");
}
