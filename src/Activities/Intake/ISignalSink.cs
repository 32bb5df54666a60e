namespace Heal.Activities;

/// <summary>A signal as it is stored.</summary>
/// <param name="Content">The signal in JSON.</param>
internal readonly record struct ArrivedSignal(string Id, string Content, DateTimeOffset ReceivedAt);

/// <summary>Stores groups of signals, one after the other.</summary>
internal interface ISignalSink : IAsyncDisposable
{
    /// <summary>Stores those that are new, in one commit; returns their ids.</summary>
    /// <param name="group">Each id once, in the order of the ids.</param>
    Task<IReadOnlySet<string>> StoreAsync(IReadOnlyList<ArrivedSignal> group, CancellationToken cancellationToken);
}
