namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// How long a message stays hidden from other hosts while its function runs; renewed at a third of it. A host that dies lets go of its
/// messages after this time. It has nothing to do with <c>visibilityTimeout</c> of host.json, which is the pause after a failure.
/// </summary>
internal sealed record QueueLease
{
    /// <summary>Default: 30 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);
}
