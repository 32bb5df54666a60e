namespace Heal.Activities;

/// <summary>Tells people, or the system where they keep their tickets.</summary>
internal interface IMessenger
{
    /// <summary>The setting that must be there for this; null when it is.</summary>
    string? Missing(bool ticket);

    /// <summary>
    /// Sends a message. At least once on the wire; the same key is the same message, for receivers that know that (header Idempotency-Key,
    /// field dedupKey).
    /// </summary>
    /// <exception cref="MessageException">It was not taken, or that is not known.</exception>
    Task SendAsync(Message message, CancellationToken cancellationToken);

    /// <summary>What the receiver called a message that it took from this process; null when it took none under this key.</summary>
    string? Receipt(string key, bool resolves);
}

/// <param name="Key">What makes it one message.</param>
/// <param name="Ticket">For the ticket system, not for people's attention.</param>
/// <param name="Resolves">Takes the message of this key back, or closes its ticket.</param>
internal sealed record Message(string Key, bool Ticket, bool Resolves, string Title, string Text, string Target, string IncidentId);

/// <summary>A message was not taken.</summary>
/// <param name="isFinal">Repeating it will not help: the receiver said so.</param>
internal sealed class MessageException(string detail, bool isFinal) : Exception($"The message was not taken: {detail}")
{
    public bool IsFinal { get; } = isFinal;
}
