namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>Which spans sent queue messages, for the hosts that share a store. One that is for one machine has no such part.</summary>
internal interface ITraceStore
{
    /// <summary>A message that is known already keeps what is known.</summary>
    Task AddTracesAsync(IReadOnlyList<MessageTrace> traces, CancellationToken cancellationToken);

    /// <returns>Those that are known.</returns>
    Task<IReadOnlyList<MessageTrace>> FindTracesAsync(IReadOnlyList<string> messageIds, CancellationToken cancellationToken);

    /// <summary>Removes the oldest.</summary>
    /// <returns>How many.</returns>
    Task<int> PurgeTracesAsync(TimeSpan olderThan, int maxCount, CancellationToken cancellationToken);
}

/// <summary>The span that sent a message, in the words of W3C Trace Context.</summary>
internal readonly record struct MessageTrace(string MessageId, string Parent, string? State);
