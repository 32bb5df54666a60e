namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// The differences that are meant. A line is "+ type | member # reason" for what only we have, "- ..." for what only the contract has;
/// "*" in place of the member stands for the type as a whole, "namespace.*" for all types of a namespace.
/// </summary>
internal sealed class ExceptionList
{
    private const string ReasonMark = " # ";

    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public ExceptionList(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            int mark = line.LastIndexOf(ReasonMark, StringComparison.Ordinal);
            if (mark < 0 || line[(mark + ReasonMark.Length)..].Trim().Length == 0)
            {
                throw new FormatException($"An exception without a reason: '{line}'. Expected '+ or - type | member # reason'.");
            }

            _reasons.Add(line[..mark].Trim(), line[(mark + ReasonMark.Length)..].Trim());
        }
    }

    public IEnumerable<string> Unused => _reasons.Keys.Except(_used);

    /// <param name="sign">'+' for what only we have, '-' for what only the contract has.</param>
    /// <param name="difference">"type | member".</param>
    public bool Covers(char sign, string difference) => ReasonOf(sign, difference) is not null;

    /// <summary>Why it differs; null where it is not meant to.</summary>
    public string? ReasonOf(char sign, string difference)
    {
        string type = difference[..difference.IndexOf(" | ", StringComparison.Ordinal)];
        string space = type[..type.Split('<')[0].LastIndexOf('.')];
        string[] forms = [$"{sign} {difference}", $"{sign} {type} | *", $"{sign} {space}.*"];
        string? found = forms.FirstOrDefault(_reasons.ContainsKey);
        if (found is not null)
        {
            _used.Add(found);
        }

        return found is null ? null : _reasons[found];
    }
}
