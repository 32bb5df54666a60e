namespace DurableTask.Core.History;

/// <summary>
/// Stands for a stored event that this version cannot read: a damaged row, or an event of a newer version. Never stored itself.
/// </summary>
/// <param name="reason">Why it could not be read.</param>
/// <param name="isDamaged">True when no version could read it: the text is no JSON, or what it refers to is gone.</param>
public sealed class UnreadableEvent(string reason, bool isDamaged = false) : HistoryEvent(-1)
{
    public override EventType EventType => EventType.GenericEvent;

    /// <summary>Why it could not be read.</summary>
    public string Reason { get; } = reason;

    /// <summary>True when no version could read it.</summary>
    public bool IsDamaged { get; } = isDamaged;
}
