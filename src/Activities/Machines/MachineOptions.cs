using System.Globalization;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of healing on libvirt hosts, section <c>Heal:Machines</c>. Without any the healer only observes.</summary>
public sealed class MachineOptions
{
    public const string Section = "Heal:Machines";

    /// <summary>Autonomy where neither the domain's metadata nor <see cref="Scope"/> says anything. Default Observe.</summary>
    public Autonomy Autonomy { get; set; } = Autonomy.Observe;

    /// <summary>Autonomy by <c>host/domain</c>, or by <c>host</c> for all that lives on it, pools and the host itself.</summary>
    public Dictionary<string, Autonomy> Scope { get; set; } = new(StringComparer.Ordinal);

    /// <summary>False: only alerts lead to incidents of machines. Default true.</summary>
    public bool Watch { get; set; } = true;

    /// <summary>How often everything is looked at, beside the events. Default 30 s; 5 s to 1 hour.</summary>
    public TimeSpan InventoryEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>See <see cref="MachineThresholds.GuestPowerOffIsIntent"/>. Default true.</summary>
    public bool GuestPowerOffIsIntent { get; set; } = true;

    /// <summary>See <see cref="MachineThresholds.PoolFullPercent"/>. Default 85; 1 to 100.</summary>
    public int PoolFullPercent { get; set; } = 85;

    /// <summary>See <see cref="MachineThresholds.CommittedPercent"/>. Default 100; 1 to 1000.</summary>
    public int CommittedPercent { get; set; } = 100;

    /// <summary>See <see cref="MachineThresholds.HostDownAfter"/>. Default 30 s; 5 s to 1 hour.</summary>
    public TimeSpan HostDownAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>See <see cref="MachineThresholds.MigrationStuckAfter"/>. Default 10 minutes; 1 minute to 1 day.</summary>
    public TimeSpan MigrationStuckAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>See <see cref="MachineThresholds.BootsWithin"/>. Default 2 minutes; 5 s to 1 hour.</summary>
    public TimeSpan BootsWithin { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The command that restarts libvirtd, by host: program and arguments, run as it is, without a shell. A host without one has
    /// <c>restart_libvirtd</c> refused. Default none.
    /// </summary>
    public Dictionary<string, List<string>> RestartCommands { get; set; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Volumes that <c>storage_pool_reclaim</c> may delete, by <c>host/pool</c>: names with <c>*</c> for any characters. What a domain or
    /// another volume uses is never deleted. Default none.
    /// </summary>
    public Dictionary<string, List<string>> Reclaim { get; set; } = new(StringComparer.Ordinal);

    /// <summary>See <see cref="MachineFencingOptions"/>.</summary>
    public MachineFencingOptions Fencing { get; set; } = new();

    /// <summary>Whether a guest is to be restarted elsewhere when its host is dead: what it says itself goes first. Default no.</summary>
    public bool WantsRestart(string host, string domain, MachineMark? mark) =>
        mark?.Fault is not null ? false
        : mark?.Ha is { } ha ? ha == MachineMark.Restart
        : Fencing.Restart.TryGetValue($"{host}/{domain}", out var own) ? own
        : Fencing.Restart.GetValueOrDefault(host);

    public MachineThresholds Thresholds() => new()
    {
        GuestPowerOffIsIntent = GuestPowerOffIsIntent,
        PoolFullPercent = PoolFullPercent,
        CommittedPercent = CommittedPercent,
        HostDownAfter = HostDownAfter,
        MigrationStuckAfter = MigrationStuckAfter,
        BootsWithin = BootsWithin,
    };

    /// <summary>What the settings say of a target; the mark of a domain goes before it.</summary>
    /// <param name="name">Of the domain; null for the host and its pools.</param>
    public AutonomySetting Setting(string host, string? name)
    {
        if (name is not null && Scope.TryGetValue($"{host}/{name}", out var own))
        {
            return new AutonomySetting(own, $"setting {Section}:Scope:{host}/{SafeText.Line(name, 100)}");
        }

        return Scope.TryGetValue(host, out var ofHost)
            ? new AutonomySetting(ofHost, $"setting {Section}:Scope:{host}")
            : new AutonomySetting(Autonomy, $"setting {Section}:Autonomy");
    }
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class MachineOptionsValidator : IValidateOptions<MachineOptions>
{
    private const int LongestList = 200;

    public ValidateOptionsResult Validate(string? name, MachineOptions options)
    {
        var faults = new List<string>();
        Within("InventoryEvery", options.InventoryEvery, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1));
        Within("HostDownAfter", options.HostDownAfter, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1));
        Within("MigrationStuckAfter", options.MigrationStuckAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        Within("BootsWithin", options.BootsWithin, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1));
        Check(options.PoolFullPercent is >= 1 and <= 100, "PoolFullPercent", "1 to 100", options.PoolFullPercent);
        Check(options.CommittedPercent is >= 1 and <= 1000, "CommittedPercent", "1 to 1000", options.CommittedPercent);
        foreach (var (host, command) in options.RestartCommands)
        {
            Check(command.Count > 0 && command[0].Length > 0, $"RestartCommands:{host}", "a program and its arguments", "nothing");
        }

        foreach (var (pool, patterns) in options.Reclaim)
        {
            Check(pool.Split('/').Length == 2, $"Reclaim:{pool}", "host/pool", pool);
            Check(patterns.Count is > 0 and <= LongestList, $"Reclaim:{pool}", $"1 to {LongestList} patterns", patterns.Count);
            foreach (var pattern in patterns)
            {
                // A pattern of stars alone would name everything, which is hardly ever what was meant.
                Check(pattern.Any(c => c is not ('*' or ' ')), $"Reclaim:{pool}", "patterns that name more than everything", pattern);
            }
        }

        faults.AddRange(MachineFencingValidator.FaultsOf(options.Fencing));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(bool holds, string setting, string expected, object got)
        {
            if (!holds)
            {
                faults.Add(string.Create(
                    CultureInfo.InvariantCulture, $"{MachineOptions.Section}:{setting}: expected {expected}, got '{got}'."));
            }
        }

        void Within(string setting, TimeSpan got, TimeSpan least, TimeSpan most) =>
            Check(got >= least && got <= most, setting, $"{least} to {most}", got);
    }
}
