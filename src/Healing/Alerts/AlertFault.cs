namespace Heal.Healing;

/// <summary>One thing that is wrong with a payload: where, what was expected, what was there.</summary>
/// <param name="Path">JSON path from the root, for example <c>$.alerts[1].labels.pod</c>.</param>
/// <param name="Expected">What belongs there, in words that the sender can act on.</param>
/// <param name="Got">What was there: a type or a short, escaped piece of the value.</param>
public sealed record AlertFault(string Path, string Expected, string Got)
{
    public override string ToString() => $"{Path}: expected {Expected}, got {Got}";
}

/// <summary>
/// What a payload yields. One bad alert does not spoil its neighbours: Alertmanager drops a notification that is answered with 4xx,
/// so the good alerts of a group are taken and the bad ones are reported.
/// </summary>
/// <param name="Alerts">The alerts that are usable.</param>
/// <param name="Faults">What is wrong, at most <see cref="AlertLimits.Faults"/>.</param>
/// <param name="Truncated">How many alerts the sender says that it left out.</param>
/// <param name="Silenced">How many alerts were left out because a person silenced them.</param>
public sealed record AlertBatch(IReadOnlyList<Alert> Alerts, IReadOnlyList<AlertFault> Faults, int Truncated = 0, int Silenced = 0)
{
    /// <summary>True when nothing in the payload can be used and the sender must be told so (HTTP 400).</summary>
    public bool IsRefused => Alerts.Count == 0 && Faults.Count > 0;
}
