namespace Heal.Functions.Machines;

/// <summary>The section <c>Heal:LibvirtMetrics</c>.</summary>
internal sealed class LibvirtMetricSettings
{
    public const string Section = "Heal:LibvirtMetrics";

    /// <summary>False: hosts are not asked for counters. Default true; without configured hosts nothing is asked in any case.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often each host is asked, 5 seconds to 1 hour. Default 30 s.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<string> Faults()
    {
        if (Every < TimeSpan.FromSeconds(5) || Every > TimeSpan.FromHours(1))
        {
            yield return $"{Section}:{nameof(Every)}: expected 5 seconds to 1 hour, got {Every}.";
        }
    }
}
