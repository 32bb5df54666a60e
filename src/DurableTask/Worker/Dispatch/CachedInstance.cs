using DurableTask.Core.History;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>An execution as this worker last stored it. Good for as long as nobody else has committed a turn.</summary>
internal sealed class CachedInstance(string instanceId, string executionId, List<HistoryEvent> history) : IDisposable
{
    public string InstanceId { get; } = instanceId;
    public string ExecutionId { get; } = executionId;

    /// <summary>All stored events of the execution.</summary>
    public List<HistoryEvent> History { get; } = history;

    /// <summary>The fence after the last commit.</summary>
    public long Fence { get; set; }

    public string? CustomStatus { get; set; }

    /// <summary>The live orchestrator; null when it has to be rebuilt from <see cref="History"/>.</summary>
    public OrchestrationSession? Session { get; set; }

    public void Dispose()
    {
        Session?.Dispose();
        Session = null;
    }
}
