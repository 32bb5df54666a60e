using System.IO.Enumeration;

namespace Heal.Simulator.Faults;

/// <summary>Matches <c>*</c> and <c>?</c>, case-sensitive; no pattern matches everything.</summary>
internal static class Glob
{
    public static bool Matches(string? pattern, string? text)
        => pattern is null || (text is not null && FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false));
}
