using System.Text.RegularExpressions;

namespace Heal.Healing;

/// <summary>
/// What a container wrote, made fit to be kept: whatever the bytes were, it comes out as short lines of plain text without secrets.
/// A line that is too long keeps its beginning.
/// </summary>
public static partial class LogText
{
    private const int TimeoutMilliseconds = 200;

    /// <returns>The last lines, at most <see cref="EvidenceLimits.LogLines"/>.</returns>
    public static IReadOnlyList<string> Lines(string text)
    {
        var lines = text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Shorten)
            .Where(line => line.Length > 0)
            .ToList();
        return
        [
            .. Scrubber.ScrubLines(lines).TakeLast(EvidenceLimits.LogLines)
                .Select(line => SafeText.Line(line, EvidenceLimits.LogLineLength)),
        ];
    }

    // Before the scrubbing, so that its patterns never see megabytes; longer than what is kept, so that the cut does not split a secret
    // that would then not be recognised.
    private static string Shorten(string line) =>
        Plain(SafeText.Clean(line, 4 * EvidenceLimits.LogLineLength));

    // Colours and cursor movements; their escape character is no longer there, SafeText has replaced it.
    private static string Plain(string line)
    {
        try
        {
            return Escapes().Replace(line, "");
        }
        catch (RegexMatchTimeoutException)
        {
            return line;
        }
    }

    [GeneratedRegex("\uFFFD\\[[0-9;?]{0,20}[A-Za-z]", RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Escapes();
}
