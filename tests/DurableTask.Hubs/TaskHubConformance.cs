namespace Heal.DurableTask.Hubs.Tests;

/// <summary>
/// What every task hub must do, whatever it stores in. One thin subclass per hub says how to make one; the parts of this class are the
/// chapters of ITaskHub. A second hub object over the same storage stands for a second process.
/// </summary>
public abstract partial class TaskHubConformance : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly CancellationTokenSource _deadline = new(Patience);

    protected ITaskHub Hub { get; private set; } = null!;

    protected ITaskHub OtherHub { get; private set; } = null!;

    /// <summary>Ends every wait of a test that would otherwise hang.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    public virtual async Task InitializeAsync()
    {
        (Hub, OtherHub) = CreateHubs();
        await Hub.InitializeAsync();
        await OtherHub.InitializeAsync();
    }

    public virtual async Task DisposeAsync()
    {
        _deadline.Dispose();
        foreach (var hub in new[] { Hub, OtherHub }.OfType<IAsyncDisposable>())
        {
            await hub.DisposeAsync();
        }
    }

    /// <summary>Two hub objects over one new, empty storage.</summary>
    protected abstract (ITaskHub Hub, ITaskHub OtherHub) CreateHubs();

    protected static LockRequest By(string worker, int count = 10, TimeSpan? lease = null) => new(worker, count, lease ?? Some.Lease);

    /// <summary>Locks the next orchestration; waits for the hub's own signal until there is one.</summary>
    protected async Task<OrchestrationWorkItem> NextAsync(string worker = "w1", ITaskHub? hub = null, TimeSpan? lease = null)
    {
        hub ??= Hub;
        while (true)
        {
            if (await hub.LockOrchestrationsAsync(By(worker, 1, lease), Deadline) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Orchestration, Deadline);
        }
    }

    protected async Task<ActivityWorkItem> NextActivityAsync(string worker = "w1", ITaskHub? hub = null, TimeSpan? lease = null)
    {
        hub ??= Hub;
        while (true)
        {
            if (await hub.LockActivitiesAsync(By(worker, 1, lease), Deadline) is [var item])
            {
                return item;
            }

            await hub.WaitForWorkAsync(WorkKind.Activity, Deadline);
        }
    }

    /// <summary>Creates an instance and commits its first turn.</summary>
    protected async Task<string> StartedAsync(Func<TurnCommit, TurnCommit>? turn = null, string? id = null)
    {
        id ??= Some.Id();
        await Hub.CreateInstanceAsync(Some.Instance(id), []);
        await CommitNextAsync(turn);
        return id;
    }

    protected async Task<TurnReceipt> CommitNextAsync(Func<TurnCommit, TurnCommit>? turn = null)
    {
        var commit = Some.Turn(await NextAsync());
        return await Hub.CommitTurnAsync(turn?.Invoke(commit) ?? commit);
    }

    protected async Task<InstanceState> StateAsync(string id) => (await Hub.GetInstanceAsync(id, withPayloads: true))!;

    protected async Task<IReadOnlyList<OrchestrationWorkItem>> AllReadyAsync() => await Hub.LockOrchestrationsAsync(By("peek", 100));
}
