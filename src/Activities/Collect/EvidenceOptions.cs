using Heal.Healing;

namespace Heal.Activities;

/// <summary>Settings of collecting, section <c>Heal:Evidence</c>. The bounds of what a bundle holds are in <see
/// cref="EvidenceLimits"/>.</summary>
public sealed class EvidenceOptions
{
    /// <summary>For all reading of one bundle; what was not read by then is a gap. Default 20 s; 1 s to 5 minutes.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Requests of one bundle that are under way at a time. Default 8; 1 to 32.</summary>
    public int Parallelism { get; set; } = 8;

    /// <summary>How long whole bundles are kept. Default 30 days; 1 hour to 10 years.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    internal IEnumerable<(bool Holds, string Setting, string Expected, object Got)> Checks() =>
    [
        (Deadline >= TimeSpan.FromSeconds(1)
            && Deadline <= TimeSpan.FromMinutes(5), "Evidence:Deadline", "1 second to 5 minutes", Deadline),
        (Parallelism is >= 1 and <= 32, "Evidence:Parallelism", "1 to 32", Parallelism),
        (Retention >= TimeSpan.FromHours(1)
            && Retention <= TimeSpan.FromDays(3650), "Evidence:Retention", "1 hour to 3650 days", Retention),
    ];
}
