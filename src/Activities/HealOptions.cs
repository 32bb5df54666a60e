using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of the healer, section <c>Heal</c> of the configuration. Without any the healer only observes.</summary>
public sealed class HealOptions
{
    public const string Section = "Heal";

    /// <summary>What to call the cluster in target keys and reports. Default "default". Renaming it makes every target a new one.</summary>
    public string Cluster { get; set; } = "default";

    /// <summary>Autonomy where neither workload nor namespace nor <see cref="Scope"/> says anything. Default Observe.</summary>
    public Autonomy Autonomy { get; set; } = Autonomy.Observe;

    /// <summary>Autonomy by namespace, for namespaces without an annotation or label of their own.</summary>
    public Dictionary<string, Autonomy> Scope { get; set; } = new(StringComparer.Ordinal);

    /// <summary>True stops every action before its next step, everywhere; diagnosis and escalation go on. Read anew each time. Default
    /// false.</summary>
    public bool KillSwitch { get; set; }

    /// <summary>How long after its close an incident still takes in signals of its target. Default 5 minutes; 0 to 1 day.</summary>
    public TimeSpan JoinWindow { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Folder with the workflow definitions; relative to the program. Default "workflows".</summary>
    public string WorkflowsFolder { get; set; } = "workflows";

    /// <summary>Limits that hold for every incident; a running one keeps those that it started with.</summary>
    public SafetyLimits Limits { get; set; } = new();

    /// <summary>How alerts are stored and routed. Read at start.</summary>
    public IntakeOptions Intake { get; set; } = new();

    public EvidenceOptions Evidence { get; set; } = new();
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
