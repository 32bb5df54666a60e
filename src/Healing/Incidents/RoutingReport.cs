namespace Heal.Healing;

/// <summary>What one run of the routing has done so far.</summary>
/// <param name="Routed">Signals that were brought to where they belong.</param>
/// <param name="Failed">Attempts that failed; these signals wait for their next one, or are parked.</param>
/// <param name="NextDueAt">When the next of the signals that wait may be tried; null when none waits.</param>
public sealed record RoutingRun(long Routed = 0, long Failed = 0, DateTimeOffset? NextDueAt = null);

/// <summary>What came of one batch.</summary>
/// <param name="More">True when there may be signals that can be routed at once.</param>
public sealed record RoutingReport(int Routed, int Failed, bool More, DateTimeOffset? NextDueAt);
