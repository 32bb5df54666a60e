namespace DurableTask.Core.History;

/// <summary>
/// Stands for a stored event that this version cannot read: a damaged row, or an event of a newer version. Never stored itself.
/// </summary>
/// <param name="reason">Why it could not be read.</param>
public sealed class UnreadableEvent(string reason) : HistoryEvent(-1)
{
    public override EventType EventType => EventType.GenericEvent;

    /// <summary>Why it could not be read.</summary>
    public string Reason { get; } = reason;
}
