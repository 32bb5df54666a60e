namespace Heal.Healing;

/// <summary>Does a signal belong to the latest incident of its target, or does it open a new one? Pure.</summary>
public static class JoinPolicy
{
    /// <param name="latest">The latest incident of the target; null when there was none.</param>
    /// <param name="whyAnew">What makes the signal more than an echo of that incident, where it is closed; null: nothing that is known.
    /// </param>
    public static JoinVerdict Decide(Signal signal, LatestIncident? latest, TimeSpan joinWindow, string? whyAnew, DateTimeOffset now)
    {
        if (latest is { ClosedAt: null }) return new(JoinKind.Join, "an incident of the target is open");
        if (signal.Alert.Status == AlertStatus.Resolved) return new(JoinKind.Ignore, "resolved, and no incident of the target is open");
        // A person who starts a workflow by hand wants it to run now, whatever came of the last one.
        if (signal.Source == SignalSource.Manual) return new(JoinKind.Open, "started by hand");
        if (latest is { ClosedAt: not null } && BeganAfter(signal, latest))
        {
            return new(JoinKind.Open, $"the fault began at {signal.Alert.StartsAt:u}, after the last incident was closed");
        }

        if (latest is { ClosedAt: { } closedAt } && now - closedAt <= joinWindow && whyAnew is null)
        {
            return new(JoinKind.Join, $"the last incident of the target was closed at {closedAt:u}, within the join window");
        }

        return new(JoinKind.Open, latest is null ? "first incident of the target" : whyAnew ?? "the last incident is over");
    }

    /// <summary>
    /// Does a signal bring to an incident that did nothing, because no workflow had anything for the fault, a workflow that may have? Only
    /// one that no signal of it had brought: people were called, and the same once more would call them again for nothing.
    /// </summary>
    /// <param name="workflow">What serves the signal.</param>
    /// <param name="brought">What serves the signals that the incident had looked at.</param>
    public static bool BringsMore(
        Signal signal, TargetReference target, WorkflowDefinition? workflow, UnhelpedIncident latest,
        IEnumerable<WorkflowDefinition> brought, IReadOnlyList<ActionDescriptor> actions)
    {
        if (signal.Alert.Status != AlertStatus.Firing || workflow is null || !workflow.ActsOn(target, actions)) return false;
        HashSet<string> tried = [.. latest.Passed, .. brought.Where(other => other.ActsOn(target, actions)).Select(other => other.Name)];
        if (tried.Contains(workflow.Name)) return false;
        return tried.Count == 0 || latest.Cause is null || workflow.Remedies(latest.Cause, target, actions);
    }

    // Whoever attaches a signal to an incident that is over looks at the target only when that ended well. Where it did not, and no person
    // was asked to look either, a fault that began since would be nobody's: the alert does not come a second time. The same holds for the
    // watch of libvirt hosts, which tells of each fault once, with the moment it began.
    private static bool BeganAfter(Signal signal, LatestIncident latest) => signal.Alert.StartsAt > latest.ClosedAt
        && (latest.Outcome is OutcomeKind.Superseded or OutcomeKind.HandedOver or OutcomeKind.Failed
            || (signal.Source == SignalSource.Watch && signal.Target is { } target && TargetKinds.IsOnHypervisor(target.Kind)));
}

/// <param name="ClosedAt">Null while it is open.</param>
public sealed record LatestIncident(string Id, int Episode, DateTimeOffset? ClosedAt, OutcomeKind? Outcome);

/// <summary>A closed incident that did nothing, because no workflow had anything for the fault.</summary>
/// <param name="Cause">The cause that it found; null: none.</param>
/// <param name="Passed">See <see cref="IncidentInput.Passed"/>.</param>
/// <param name="Signals">The firing ones that it had looked at, in order.</param>
public sealed record UnhelpedIncident(string? Cause, IReadOnlyList<string> Passed, IReadOnlyList<Signal> Signals);

public enum JoinKind
{
    Join,
    Open,
    Ignore,
}

public sealed record JoinVerdict(JoinKind Kind, string Reason);
