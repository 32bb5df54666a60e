namespace Heal.Healing;

/// <summary>
/// Which alerts are about the cluster that this healer looks after: a monitoring of several clusters says by a label which one it means.
/// Pure. Alerts without that label are about this cluster, and so are all of them while nobody has given it a name to compare with.
/// </summary>
/// <param name="Label">The name of the label; empty: it is not looked at.</param>
/// <param name="Cluster">What the healer calls its cluster.</param>
/// <param name="Values">The values of the label that mean it; none: it was given no name.</param>
public sealed record ClusterNames(string Label, string Cluster, IReadOnlyList<string> Values)
{
    private const int ShownLength = 100;

    /// <summary>The name of the label, unless a setting says otherwise: what most monitorings call it.</summary>
    public const string UsualLabel = "cluster";

    /// <summary>Whether clusters are told apart at all.</summary>
    public bool AreCompared => Label.Length > 0 && Values.Count > 0;

    /// <summary>Why an alert is not about this cluster, and what to do when it is; null when it is.</summary>
    public string? WhyForeign(Alert alert)
    {
        if (!AreCompared || alert.Label(Label) is not { } value || Values.Contains(value, StringComparer.Ordinal)) return null;
        var known = string.Join(", ", Values.Select(name => $"'{SafeText.Line(name, ShownLength)}'"));
        return $"the label {Label} of alert '{alert.Name}' says '{SafeText.Line(value, ShownLength)}', and this healer looks after the "
            + $"cluster '{Cluster}' (label {known}): nothing is done. If both are the same cluster, add the value to the setting "
            + $"Heal:Alerts:Clusters:{Cluster}";
    }
}
