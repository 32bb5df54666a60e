using DurableTask.Core.History;
using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>The workers of this process that take new instances straight from here.</summary>
internal sealed class LocalWorkers
{
    /// <summary>A new instance's fence, see the column's default.</summary>
    public const long FirstFence = 1;

    private readonly Lock _gate = new();
    private ILocalWorker[] _attached = [];

    public IDisposable Attach(ILocalWorker worker)
    {
        lock (_gate)
        {
            _attached = [.. _attached, worker];
        }

        return new Attachment(this, worker);
    }

    /// <summary>A place in the first worker that has one; null when none has.</summary>
    public ILocalWorker? TryReserve(ExecutionStartedEvent start) => Array.Find(_attached, worker => worker.TryReserve(start));

    /// <summary>What a worker would get had it locked the new instance.</summary>
    public static OrchestrationWorkItem FirstTurn(NewInstance created, string workerId, DateTimeOffset createdAt) => new(
        new OrchestrationLock(created.InstanceId, workerId, FirstFence),
        Residents.StateOf(created, createdAt),
        HistoryCount: 0,
        [new InboxMessage(Residents.NoRow, null, created.Start)]);

    private sealed class Attachment(LocalWorkers owner, ILocalWorker worker) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._attached = Array.FindAll(owner._attached, other => other != worker);
            }
        }
    }
}
