using Heal.Healing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Where nobody has named the cluster of this healer, all alerts are taken for its own, those of another cluster too, and a namesake here
/// would be acted on for them. This tells of alerts that say which cluster they are about: in the answer to each post, and once for each
/// cluster in the log.
/// </summary>
public sealed partial class AlertOrigins(IOptionsMonitor<HealOptions> options, ILogger<AlertOrigins> logger)
{
    /// <summary>Clusters that are told of in the log while this process runs.</summary>
    public const int MostTold = 20;

    private const int ShownLength = 100;
    private const int MostShown = 5;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <returns>What the sender should know; null: nothing.</returns>
    public string? Check(IReadOnlyList<Signal> signals)
    {
        var names = options.CurrentValue.NamesInAlerts();
        if (names.Label.Length == 0 || names.AreCompared) return null;
        string[] clusters =
            [.. signals.Where(signal => signal.Target is null).Select(signal => Named(signal.Alert, names)).OfType<string>()
                .Distinct(StringComparer.Ordinal)];
        if (clusters.Length == 0) return null;
        foreach (var cluster in clusters) Tell(cluster, names);
        return $"The label {names.Label} of these alerts says {string.Join(", ", clusters.Take(MostShown).Select(Shown))}"
            + $"{(clusters.Length > MostShown ? " and others" : "")}, and nobody has named the cluster of this healer: they are taken for "
            + $"alerts of its own. Set Heal:Cluster, or Heal:Alerts:Clusters:{names.Cluster}:0 where it runs already.";
    }

    // What lives on libvirt hosts is in no cluster, and what leads to no target is acted on nowhere.
    private static string? Named(Alert alert, ClusterNames names) =>
        alert.Label(names.Label) is { } cluster && cluster != names.Cluster
        && TargetPolicy.Identify(alert, names.Cluster).Candidate is { } candidate && !TargetKinds.IsOnHypervisor(candidate.Kind)
            ? cluster : null;

    private void Tell(string cluster, ClusterNames names)
    {
        bool another;
        lock (_gate)
        {
            if (_told.Count >= MostTold || !_told.Add(cluster)) return;
            another = _told.Count > 1;
        }

        if (another) Log.Several(logger, names.Label, Shown(cluster), names.Cluster);
        else Log.Unnamed(logger, names.Label, Shown(cluster), names.Cluster);
    }

    private static string Shown(string cluster) => $"'{SafeText.Line(cluster, ShownLength)}'";

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Alerts say by their label {Label} that they are about the cluster {Named}, and nobody has named the cluster of this healer: "
                + "they are taken for its own. Set Heal:Cluster to that name, or Heal:Alerts:Clusters:{Cluster}:0 where targets are known "
                + "already; then alerts of other clusters are rejected.")]
        public static partial void Unnamed(ILogger logger, string label, string named, string cluster);

        [LoggerMessage(2, LogLevel.Error,
            "Alerts of more than one cluster come in: the label {Label} now says {Named}. Nobody has named the cluster of this healer, and "
                + "all are taken for its own: what is called the same here may be acted on for them. Set Heal:Cluster, or "
                + "Heal:Alerts:Clusters:{Cluster}:0, to what the monitoring calls this cluster.")]
        public static partial void Several(ILogger logger, string label, string named, string cluster);
    }
}
