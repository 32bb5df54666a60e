using System.Text;

namespace Heal.Healing;

/// <summary>Makes foreign text safe to keep and to show: bounded, no control characters but line breaks and tabs, no half
/// characters.</summary>
public static class SafeText
{
    private const string Cut = "...";

    /// <param name="limit">Characters kept at most, the mark of the cut included.</param>
    public static string Clean(string? text, int limit)
    {
        if (string.IsNullOrEmpty(text)) return "";
        if (text.Length <= limit && IsClean(text)) return text;
        var kept = text.Length <= limit ? text.Length : Math.Max(0, limit - Cut.Length);
        var clean = new StringBuilder(kept + Cut.Length);
        for (var i = 0; i < kept; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < kept && char.IsLowSurrogate(text[i + 1])) clean.Append(c).Append(text[++i]);
            else if (char.IsSurrogate(c) || (char.IsControl(c) && c is not ('\n' or '\t'))) clean.Append('\uFFFD');
            else clean.Append(c);
        }

        return kept < text.Length ? clean.Append(Cut).ToString() : clean.ToString();
    }

    private static bool IsClean(string text)
    {
        foreach (var c in text)
        {
            if (char.IsSurrogate(c) || (char.IsControl(c) && c is not ('\n' or '\t'))) return false;
        }

        return true;
    }

    /// <summary>One line: line breaks and tabs become spaces.</summary>
    public static string Line(string? text, int limit) => Clean(text, limit).Replace('\n', ' ').Replace('\t', ' ');
}
