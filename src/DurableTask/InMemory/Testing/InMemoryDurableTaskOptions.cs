namespace Microsoft.DurableTask.Testing;

/// <summary>Options of durable tasks in memory.</summary>
public class InMemoryDurableTaskOptions
{
    /// <summary>
    /// Without effect: worker, client and store share the process, so no port is opened. Kept so that code which sets it compiles.
    /// </summary>
    public int? Port { get; set; }
}
