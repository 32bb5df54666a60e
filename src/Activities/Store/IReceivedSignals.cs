using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>What can be asked of, and done to, signals that were accepted. Failures of the database are thrown as they are.</summary>
public interface IReceivedSignals
{
    /// <summary>Counted up to 100,000.</summary>
    Task<SignalBacklog> BacklogAsync(CancellationToken cancellationToken);

    /// <summary>Forgets signals that were routed before a time, at most 5,000 at once.</summary>
    /// <returns>How many.</returns>
    Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Lets a parked signal wait for its routing again.</summary>
    /// <returns>False when no parked signal has this id.</returns>
    Task<bool> RetryAsync(string id, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Null when the signal is unknown, or forgotten.</summary>
    Task<SignalState?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Those whose routing was given up, the oldest first, at most 500.</summary>
    Task<IReadOnlyList<SignalState>> ParkedAsync(CancellationToken cancellationToken);

    /// <summary>The signals of an incident in the order in which they came to it, at most 500.</summary>
    Task<IReadOnlyList<SignalState>> OfIncidentAsync(string incidentId, CancellationToken cancellationToken);
}

/// <param name="Waiting">Signals that are stored and not routed.</param>
/// <param name="OldestReceivedAt">When the oldest of them came; null when none waits.</param>
/// <param name="Parked">Signals whose routing was given up.</param>
public sealed record SignalBacklog(long Waiting, DateTimeOffset? OldestReceivedAt, long Parked)
{
    /// <summary>Signals whose target is looked at. They are not among those that wait.</summary>
    public long Looking { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<SignalProgress>))]
public enum SignalProgress
{
    /// <summary>Stored; its routing is due, or will be tried again.</summary>
    Waiting,

    /// <summary>Its last incident ended well, and its target is looked at: a late echo, or the fault is back.</summary>
    Looking,

    /// <summary>Brought to where it belongs.</summary>
    Routed,

    /// <summary>Its routing failed for too long and is not tried any more.</summary>
    Parked,
}

/// <summary>Where a received signal is.</summary>
/// <param name="Attempts">How often its routing failed.</param>
/// <param name="Kind">Where it went; null until it is routed.</param>
/// <param name="Reason">Why it went there, or why its routing failed the last time.</param>
public sealed record SignalState(
    string Id,
    string? Alert,
    SignalProgress State,
    DateTimeOffset ReceivedAt,
    DateTimeOffset? DueAt,
    DateTimeOffset? RoutedAt,
    int Attempts,
    RouteKind? Kind,
    string? IncidentId,
    string? Reason);
