using Heal.Healing;

namespace Heal.Activities;

/// <summary>The ends of effects with a time limit, as the store keeps them: whatever becomes of the orchestration that waits for one, it
/// can be begun again. Every method may be repeated.</summary>
public interface IExpiries
{
    /// <summary>Notes an end before its orchestration is begun. The first note stays.</summary>
    Task RegisterAsync(ExpiryRequest expiry, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>A page of those that have not ended, in the order of their keys. One that cannot be read does not keep the others back.
    /// </summary>
    /// <param name="afterKey">The last key of the page before; empty for the first page.</param>
    Task<IReadOnlyList<UnendedExpiry>> PageAsync(string afterKey, int limit, CancellationToken cancellationToken);

    /// <summary>Notes that its orchestration was begun again.</summary>
    Task RestartedAsync(string key, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Notes how it ended. The first note stays.</summary>
    Task EndedAsync(string key, string outcome, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <param name="Request">Null when this program cannot read what is stored.</param>
/// <param name="Fault">Why it cannot; null when it can.</param>
/// <param name="Restarts">How often its orchestration was begun again.</param>
public sealed record UnendedExpiry(
    string Key, ExpiryRequest? Request, string? Fault, DateTimeOffset RegisteredAt, int Restarts, DateTimeOffset? RestartedAt);
