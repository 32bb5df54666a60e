namespace Heal.Healing;

/// <summary>Tells a running incident that one more signal of its target arrived. The signal itself is in the store already.</summary>
public sealed record SignalEvent(string SignalId, string AlertName, AlertStatus Status, DateTimeOffset StartsAt)
{
    /// <summary>The name of the external event.</summary>
    public const string Name = "signal";

    /// <summary>The incident had not looked at it when it was about to end, and it tells of what the incident has healed: it is the alert
    /// that opened the incident, once more, and began before, by more than the clocks of two machines differ. Never a person's request.
    /// False in what older programs have written.</summary>
    public bool IsOfBefore { get; init; }

    public static SignalEvent Of(Signal signal) => new(signal.Id, signal.Alert.Name, signal.Alert.Status, signal.Alert.StartsAt);
}

/// <summary>A person's answer to a plan that waits for approval.</summary>
/// <param name="Approved">False is a refusal.</param>
/// <param name="By">Who answered.</param>
/// <param name="Parameters">Parameters of the action to use instead of the planned ones; null or absent ones keep the plan's.</param>
/// <param name="Comment">Why, for the record.</param>
/// <param name="Question">The number of the question that it answers (<see cref="IncidentStatus.Question"/>): it counts for no other. Null,
/// as older programs and whoever raises the event by himself may have it: for the first one, if that is open when it arrives.</param>
public sealed record ApprovalEvent(
    bool Approved, string By, IReadOnlyDictionary<string, string>? Parameters = null, string? Comment = null, int? Question = null)
{
    /// <summary>The name of the external event.</summary>
    public const string Name = "approval";
}
