using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of the healer, section <c>Heal</c> of the configuration. Without any the healer only observes.</summary>
public sealed class HealOptions
{
    public const string Section = "Heal";

    /// <summary>The name of a cluster that nobody has named.</summary>
    private const string Unnamed = "default";

    /// <summary>What to call the cluster in target keys and reports. Default "default". Renaming it makes every target a new one.</summary>
    public string Cluster { get; set; } = Unnamed;

    /// <summary>Autonomy where neither workload nor namespace nor <see cref="Scope"/> says anything. Default Observe.</summary>
    public Autonomy Autonomy { get; set; } = Autonomy.Observe;

    /// <summary>Autonomy by namespace, for namespaces without an annotation or label of their own.</summary>
    public Dictionary<string, Autonomy> Scope { get; set; } = new(StringComparer.Ordinal);

    /// <summary>True stops every action before its next step, everywhere; diagnosis and escalation go on. Read anew each time; true in any
    /// source of the configuration counts, whatever the others say. Default false.</summary>
    public bool KillSwitch { get; set; }

    /// <summary>How long after its close an incident still takes in signals of its target. Default 5 minutes; 0 to 1 day.</summary>
    public TimeSpan JoinWindow { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Folder with the workflow definitions; relative to the program. Default "workflows".</summary>
    public string WorkflowsFolder { get; set; } = "workflows";

    /// <summary>Limits that hold for every incident; a running one keeps those that it started with.</summary>
    public SafetyLimits Limits { get; set; } = new();

    /// <summary>How alerts are stored and routed. Read at start.</summary>
    public IntakeOptions Intake { get; set; } = new();

    /// <summary>How much is collected, and how long it is kept.</summary>
    public EvidenceOptions Evidence { get; set; } = new();

    /// <summary>Which cluster alerts mean.</summary>
    public AlertClusterOptions Alerts { get; set; } = new();

    /// <summary>The alert whose absence says that alerts do not arrive.</summary>
    public WatchdogOptions Watchdog { get; set; } = new();

    /// <summary>
    /// By what names alerts mean this cluster: its own and those of the settings. Nobody's, while it has its default name and none is set.
    /// </summary>
    internal ClusterNames NamesInAlerts()
    {
        var others = Alerts.Clusters.GetValueOrDefault(Cluster) ?? [];
        return new ClusterNames(
            Alerts.ClusterLabel, Cluster, Cluster == Unnamed && others.Count == 0 ? [] : [.. others.Prepend(Cluster).Distinct()]);
    }
}

/// <summary>Tells clusters apart by a label of their alerts; a part of the section <c>Heal:Alerts</c>.</summary>
public sealed class AlertClusterOptions
{
    /// <summary>Values that may mean one cluster.</summary>
    private const int MaxValues = 100;

    /// <summary>The label that says which cluster an alert is about. Empty: all are about this one. Default "cluster".</summary>
    public string ClusterLabel { get; set; } = ClusterNames.UsualLabel;

    /// <summary>By the name of the cluster (<see cref="HealOptions.Cluster"/>): further values of that label that mean it.</summary>
    public Dictionary<string, List<string>> Clusters { get; set; } = new(StringComparer.Ordinal);

    internal IEnumerable<(bool Holds, string Setting, string Expected, object Got)> Checks(string cluster)
    {
        yield return (ClusterLabel.Length <= AlertLimits.NameLength && !ClusterLabel.Any(char.IsControl), "Alerts:ClusterLabel",
            $"the name of a label, up to {AlertLimits.NameLength} printable characters, or nothing", ClusterLabel);
        foreach (var (name, values) in Clusters)
        {
            yield return (name == cluster, "Alerts:Clusters",
                $"the name of the cluster that this healer looks after (Heal:Cluster, '{cluster}'); every other needs a healer of its own",
                name);
            yield return (values.Count <= MaxValues, $"Alerts:Clusters:{name}", $"at most {MaxValues} values", values.Count);
            foreach (var value in values)
            {
                yield return (value.Length is > 0 and <= AlertLimits.LabelLength && !value.Any(char.IsControl), $"Alerts:Clusters:{name}",
                    $"values of 1 to {AlertLimits.LabelLength} printable characters", value);
            }
        }
    }
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class HealOptionsValidator : IValidateOptions<HealOptions>
{
    private const int LongestName = 100;

    public ValidateOptionsResult Validate(string? name, HealOptions options)
    {
        var faults = new List<string>();
        Check(IsName(options.Cluster), "Cluster", $"1 to {LongestName} letters, digits, dots, hyphens or underscores", options.Cluster);
        Check(options.WorkflowsFolder.Length > 0, "WorkflowsFolder", "a folder", options.WorkflowsFolder);
        Check(options.JoinWindow >= TimeSpan.Zero
            && options.JoinWindow <= TimeSpan.FromDays(1), "JoinWindow", "0 to 1 day", options.JoinWindow);
        var limits = options.Limits;
        Check(limits.MaxActionsPerIncident is >= 1 and <= 20, "Limits:MaxActionsPerIncident", "1 to 20", limits.MaxActionsPerIncident);
        Check(IsWithinDay(limits.RecentlyRemediated), "Limits:RecentlyRemediated", "0 to 1 day", limits.RecentlyRemediated);
        Check(limits.IneffectiveCycles is >= 1 and <= 100, "Limits:IneffectiveCycles", "1 to 100", limits.IneffectiveCycles);
        Check(limits.IneffectiveWindow > TimeSpan.Zero
            && IsWithinDay(limits.IneffectiveWindow), "Limits:IneffectiveWindow", "more than 0, up to 1 day", limits.IneffectiveWindow);
        Check(limits.RevertedFixes is >= 1 and <= 100, "Limits:RevertedFixes", "1 to 100", limits.RevertedFixes);
        Check(limits.TargetBusy > TimeSpan.Zero
            && IsWithinDay(limits.TargetBusy), "Limits:TargetBusy", "more than 0, up to 1 day", limits.TargetBusy);
        Check(limits.TargetBusyAttempts is >= 1 and <= 1000, "Limits:TargetBusyAttempts", "1 to 1000", limits.TargetBusyAttempts);
        Check(limits.Reopenings is >= 0 and <= 20, "Limits:Reopenings", "0 to 20", limits.Reopenings);
        foreach (var (holds, setting, expected, got) in options.Intake.Checks()) Check(holds, setting, expected, got);
        foreach (var (holds, setting, expected, got) in options.Evidence.Checks()) Check(holds, setting, expected, got);
        foreach (var (holds, setting, expected, got) in options.Watchdog.Checks()) Check(holds, setting, expected, got);
        foreach (var (holds, setting, expected, got) in options.Alerts.Checks(options.Cluster)) Check(holds, setting, expected, got);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(bool holds, string setting, string expected, object got)
        {
            if (!holds) faults.Add($"{HealOptions.Section}:{setting}: expected {expected}, got '{got}'.");
        }
    }

    private static bool IsWithinDay(TimeSpan time) => time >= TimeSpan.Zero && time <= TimeSpan.FromDays(1);

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
