using System.Globalization;
using System.Text;

namespace Heal.Cli;

/// <summary>
/// Makes text from servers safe to print: it is data, and must not move the cursor, colour, ring, or turn the direction of what follows.
/// </summary>
internal static class Plain
{
    /// <summary>Characters of one line at most; what is longer ends in an ellipsis.</summary>
    public const int LineLimit = 2_000;

    private const int TextLimit = 1 << 20;

    /// <summary>One line: line breaks and tabs become spaces, other control and format characters go.</summary>
    public static string Line(string? text, int limit = LineLimit) => Clean(text, limit, keepsLines: false);

    /// <summary>Several lines, as a document has them.</summary>
    public static string Text(string? text) => Clean(text, TextLimit, keepsLines: true);

    private static string Clean(string? text, int limit, bool keepsLines)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(Math.Min(text.Length, limit));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length >= limit) return clean.Append('…').ToString();
            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control when keepsLines && rune.Value == '\n':
                    clean.Append('\n');
                    break;
                case UnicodeCategory.Control when rune.Value is '\n' or '\t':
                case UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    clean.Append(' ');
                    break;
                case UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned:
                    break;
                default:
                    clean.Append(rune);
                    break;
            }
        }

        return clean.ToString();
    }
}
