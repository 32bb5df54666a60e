namespace Heal.Healing;

/// <summary>An incident that the store holds for open, and that nobody works on any more: its orchestration failed (a program that changed
/// under it, a fault of ours), or a person ended it.</summary>
/// <param name="Kind">What it is to be closed as.</param>
/// <param name="Reason">What became of its orchestration.</param>
public sealed record StrandedIncident(IncidentInput Incident, OutcomeKind Kind, string Reason)
{
    /// <summary>The orchestration of an incident begins within this time after it was opened. One that begins later is taken for one that
    /// was started again; and none is, before twice this time has passed.</summary>
    public static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(30);

    /// <summary>The instance id of the orchestration that closes it: one per incident.</summary>
    public string InstanceId => $"stranded-{Incident.IncidentId}";
}
