using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of the VM manager, section <c>Heal:Vms</c>.</summary>
public sealed class VmManagerOptions
{
    public const string Section = "Heal:Vms";

    /// <summary>Memory of a host that no machine gets, in MiB. Default 1024.</summary>
    public int HostMemoryReserveMib { get; set; } = 1024;

    /// <summary>Virtual CPUs that are promised per CPU of a host. Default 4.</summary>
    public double CpuOvercommit { get; set; } = 4;

    /// <summary>The share of a pool that stays free, in percent. Default 10.</summary>
    public int PoolMarginPercent { get; set; } = 10;

    /// <summary>How often the free space of a pool is promised: disks take their size in the end, whatever they take at first. Default
    /// 1.</summary>
    public double PoolOvercommit { get; set; } = 1;

    /// <summary>Where the data of osinfo-db is. Without it operating systems are not known. Default /usr/share/osinfo.</summary>
    public string OsinfoFolder { get; set; } = "/usr/share/osinfo";

    internal PlacementLimits Limits =>
        new((long)HostMemoryReserveMib << 20, CpuOvercommit, PoolMarginPercent / 100.0, PoolOvercommit);
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class VmManagerOptionsValidator : IValidateOptions<VmManagerOptions>
{
    public ValidateOptionsResult Validate(string? name, VmManagerOptions options)
    {
        var faults = new List<string>();
        Check(options.HostMemoryReserveMib is >= 0 and <= 1 << 20, nameof(options.HostMemoryReserveMib), "0 to 1048576 MiB",
            options.HostMemoryReserveMib);
        Check(options.CpuOvercommit is >= 0.1 and <= 100, nameof(options.CpuOvercommit), "0.1 to 100", options.CpuOvercommit);
        Check(options.PoolMarginPercent is >= 0 and <= 90, nameof(options.PoolMarginPercent), "0 to 90 percent", options.PoolMarginPercent);
        Check(options.PoolOvercommit is >= 0.1 and <= 100, nameof(options.PoolOvercommit), "0.1 to 100", options.PoolOvercommit);
        Check(options.OsinfoFolder.StartsWith('/'), nameof(options.OsinfoFolder), "an absolute path", options.OsinfoFolder);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(bool holds, string setting, string expected, object got)
        {
            if (!holds) faults.Add($"{VmManagerOptions.Section}:{setting}: expected {expected}, got '{got}'.");
        }
    }
}
