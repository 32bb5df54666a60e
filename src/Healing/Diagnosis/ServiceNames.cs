namespace Heal.Healing;

/// <summary>Finds the name of a Service in what people and programs write: bare, with a port, with its namespace, or as the variable that a
/// kubelet gives to pods. Pure.</summary>
public static class ServiceNames
{
    // What programs say, in their many ways, when nobody answers.
    private static readonly string[] Complaints =
    [
        "refused", "timed out", "timeout", "unreachable", "unavailable", "no route", "resolve", "lookup", "no such host", "not known",
        "reset by peer", "not answer", "not reach", "not ready", "connect", "502", "503", "504",
    ];

    /// <summary>Whether the text names the Service as a host.</summary>
    public static bool IsNamed(string text, string service, string ns)
    {
        for (var at = 0; (at = text.IndexOf(service, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var rest = text.AsSpan(at + service.Length);
            if ((at == 0 || !IsOfName(text[at - 1])) && (Ends(rest) || IsQualified(rest, ns))) return true;
        }

        return text.Contains($"{service.ToUpperInvariant().Replace('-', '_')}_SERVICE_", StringComparison.Ordinal);
    }

    /// <summary>Whether the line says that the Service was not reached.</summary>
    public static bool IsMissed(string line, string service, string ns) => IsNamed(line, service, ns)
        && Complaints.Any(complaint => line.Contains(complaint, StringComparison.OrdinalIgnoreCase));

    private static bool IsQualified(ReadOnlySpan<char> rest, string ns)
    {
        if (rest is not ['.', .. var name] || !name.StartsWith(ns, StringComparison.OrdinalIgnoreCase)) return false;
        var domain = name[ns.Length..];
        return Ends(domain) || domain.StartsWith(".svc", StringComparison.OrdinalIgnoreCase);
    }

    // A dot at the end of a sentence ends a name too; one that goes on with another label does not.
    private static bool Ends(ReadOnlySpan<char> rest) =>
        rest.IsEmpty || !IsOfName(rest[0]) || (rest[0] == '.' && (rest.Length == 1 || !IsOfName(rest[1])));

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}
