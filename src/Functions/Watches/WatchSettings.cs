using Heal.Healing;

namespace Heal.Functions.Watches;

/// <summary>The section <c>Heal:Watch</c>: faults seen in the cluster itself, without waiting for alerts.</summary>
internal sealed class WatchSettings
{
    public const string Section = "Heal:Watch";

    /// <summary>Most namespaces that may be named: each kind in each of them is a watch of its own, with a connection of its own.</summary>
    public const int MaximumNamespaces = 200;

    /// <summary>False: only alerts lead to incidents. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Namespaces to look after besides those that are marked or named in Heal:Scope; "*" is all. When some are named and "*" is not among
    /// them, only these and those of Heal:Scope are watched, each by itself, which needs no cluster-wide permission.
    /// </summary>
    public List<string> Namespaces { get; set; } = [];

    /// <summary>Whether nodes are looked after. Default true.</summary>
    public bool Nodes { get; set; } = true;

    /// <summary>How often the usage of volumes is measured. Default 30 s.</summary>
    public TimeSpan UsageEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the start waits for the lists of all kinds before it judges with what is there. Default 30 s.</summary>
    public TimeSpan SyncLimit { get; set; } = TimeSpan.FromSeconds(30);

    public DetectorSettings Detectors { get; set; } = new();

    public bool AreAllNamespaces => Namespaces.Count == 0 || Namespaces.Contains("*");

    public IEnumerable<string> Faults()
    {
        if (Namespaces.Count > MaximumNamespaces)
        {
            yield return $"{Section}:{nameof(Namespaces)}: expected at most {MaximumNamespaces} names (\"*\" is all), got "
                + $"{Namespaces.Count}.";
        }

        foreach (string name in Namespaces.Where(static name => name != "*" && !IsName(name)))
        {
            yield return $"{Section}:{nameof(Namespaces)}: expected names of namespaces or \"*\", got '{SafeText.Line(name, 80)}'.";
        }

        if (UsageEvery < TimeSpan.FromSeconds(5) || UsageEvery > TimeSpan.FromHours(1))
        {
            yield return $"{Section}:{nameof(UsageEvery)}: expected 5 seconds to 1 hour, got {UsageEvery}.";
        }

        if (SyncLimit < TimeSpan.FromSeconds(1) || SyncLimit > TimeSpan.FromMinutes(10))
        {
            yield return $"{Section}:{nameof(SyncLimit)}: expected 1 second to 10 minutes, got {SyncLimit}.";
        }

        foreach (string fault in DetectorParameters.Faults(Detectors, $"{Section}:{nameof(Detectors)}"))
        {
            yield return fault;
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 63 && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
