using System.Globalization;

namespace Heal.Healing;

/// <summary>What is known about the newest change of the pod template, and whether it can have caused a fault that began when this one
/// did.</summary>
internal sealed class ChangeFacts
{
    /// <summary>A change older than this before the first sign of the fault is no explanation for it.</summary>
    public static readonly TimeSpan Lookback = TimeSpan.FromHours(24);

    // A restart on demand is written into the template as an annotation; it changes nothing that runs.
    private const string RestartAnnotation = "kubectl.kubernetes.io/restartedAt";

    public ChangeFacts(EvidenceBundle evidence, DateTimeOffset since)
    {
        Change = evidence.Change;
        Differences = [.. (Change?.Differences ?? [])
            .Where(difference => !difference.Path.Contains(RestartAnnotation, StringComparison.Ordinal))];
        if (Change is null)
        {
            WhyNot = "there is no earlier revision to compare with";
        }
        else if (Differences.Count == 0)
        {
            WhyNot = $"revision {Change.ToRevision} changed nothing that runs against {Change.FromRevision}";
        }
        else if (since - Change.At > Lookback)
        {
            WhyNot = string.Create(CultureInfo.InvariantCulture,
                $"the newest change, at {Change.At:u}, is {(since - Change.At).TotalHours:0} h older than "
                + $"the fault's first sign at {since:u}");
        }
    }

    public TemplateChange? Change { get; }

    public IReadOnlyList<Difference> Differences { get; }

    /// <summary>Why the change explains nothing; null when it may.</summary>
    public string? WhyNot { get; }

    public bool MayExplain => WhyNot is null;

    public IReadOnlyList<Difference> Touching(params IEnumerable<string> fragments) =>
        [.. Differences.Where(difference => fragments.Any(fragment => difference.Path.Contains(fragment, StringComparison.Ordinal)))];

    /// <summary>Differences in these fields of a container, or in the container as a whole when it is new.</summary>
    public IReadOnlyList<Difference> TouchingContainer(string container, params IReadOnlyList<string> fields)
    {
        var whole = $"ontainers[{container}]";
        return
        [
            .. Differences.Where(difference => difference.Path.EndsWith(whole, StringComparison.Ordinal)
                || fields.Any(field => Names(difference.Path, $"{whole}.{field}"))),
        ];

        static bool Names(string path, string field)
        {
            var at = path.IndexOf(field, StringComparison.Ordinal);
            return at >= 0 && (at + field.Length == path.Length || path[at + field.Length] is '.' or '[');
        }
    }

    /// <summary>The change in one line: when, and its most telling differences.</summary>
    public string Describe(IReadOnlyList<Difference> telling)
    {
        const int Shown = 3;
        const int Length = 120;
        var items = telling.Count > 0 ? telling : Differences;
        var shown = items.Take(Shown).Select(item => $"{item.Path}: {Side(item.Old)} -> {Side(item.New)}");
        var more = items.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $" and {items.Count - Shown} more") : "";
        return $"the change at {Change!.At:u} ({string.Join("; ", shown)}{more})";

        static string Side(string? value) => value is null ? "nothing" : SafeText.Line(value, Length);
    }
}
