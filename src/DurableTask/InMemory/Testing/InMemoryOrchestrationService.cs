using DurableTask.Core.Hub;
using Microsoft.DurableTask.InMemory;

namespace Microsoft.DurableTask.Testing.Sidecar;

/// <summary>What a test host stores its orchestrations in. Nothing survives the process.</summary>
/// <param name="timeProvider">The clock of timers, scheduled starts and leases.</param>
public sealed class InMemoryOrchestrationService(TimeProvider timeProvider)
{
    /// <summary>The hub, for tests that look behind the client: histories, work items, messages.</summary>
    public ITaskHub Hub { get; } = new InMemoryTaskHub(timeProvider);
}
