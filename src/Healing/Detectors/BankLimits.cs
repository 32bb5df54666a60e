namespace Heal.Healing;

/// <summary>What bounds the detectors' bank. Constants: nobody has had a reason to turn them.</summary>
public static class BankLimits
{
    /// <summary>Signals of one detector about one target within an hour; what fires more often is sent when there is room again.</summary>
    public const int SignalsPerHour = 6;

    /// <summary>Notes of one kind about one machine within an hour; more are evidence only.</summary>
    public const int NotesPerHour = 20;

    /// <summary>Objects of which something is remembered although nothing is wrong with them.</summary>
    public const int Memories = 50_000;

    /// <summary>Characters of the evidence of one signal.</summary>
    public const int EvidenceLength = 2_000;

    /// <summary>Characters of one line of evidence.</summary>
    public const int LineLength = 300;

    /// <summary>Two signals of one detector about one target are at least so far apart.</summary>
    public static readonly TimeSpan BetweenSignals = TimeSpan.FromSeconds(30);

    /// <summary>What fires is looked at again so often, also when nothing changes: some signs grow old.</summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromSeconds(30);

    /// <summary>An episode that is known from before a restart and does not show again within this time is over.</summary>
    public static readonly TimeSpan Adoption = TimeSpan.FromMinutes(5);
}
