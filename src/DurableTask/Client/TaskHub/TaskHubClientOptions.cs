using DurableTask.Core.Hub;
using DurableTask.Core.Payloads;

namespace Microsoft.DurableTask.Client;

/// <summary>Options of a client over a task hub; named as its builder is.</summary>
public sealed class TaskHubClientOptions
{
    /// <summary>
    /// How long a start that replaces a running instance waits for its termination; the default is 30 seconds. It takes a worker to
    /// terminate: without one, the start fails after this time.
    /// </summary>
    public TimeSpan ReplaceTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The dedupe statuses of a start that names none: instances in them keep their id for themselves. Null, the default: all that have
    /// not ended. Empty: none, so that a start, or a restart under the same id, replaces even a running instance.
    /// </summary>
    public IReadOnlyList<string>? DefaultDedupeStatuses { get; set; }

    /// <summary>
    /// Cancelled when waits for the start or the end of an instance are to end, with an <see cref="OperationCanceledException"/>, because
    /// their process does: it runs nothing any more that they wait for. Default: never.
    /// </summary>
    public CancellationToken Stopping { get; set; }

    /// <summary>Write spans of starts and events while somebody listens to their source. Default: true.</summary>
    public bool WritesSpans { get; set; } = true;

    /// <summary>What happens to large inputs, outputs and event payloads; workers have the same options.</summary>
    public LargePayloadOptions LargePayloads { get; } = new();

    /// <summary>The hub to use.</summary>
    internal Func<IServiceProvider, ITaskHub>? CreateHub { get; set; }

    /// <summary>Where instance and execution ids come from: made of the time, so that new rows lie together in a hub's indexes.</summary>
    internal Func<DateTimeOffset, Guid> NewGuid { get; set; } = Guid.CreateVersion7;
}
