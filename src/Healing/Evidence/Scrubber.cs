using System.Text.RegularExpressions;

namespace Heal.Healing;

/// <summary>
/// Takes what looks like a secret out of text before it is kept. By pattern, so it errs on both sides: a secret without any mark passes.
/// For that reason Secrets are never read in the first place.
/// </summary>
public static partial class Scrubber
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Redacted = "[redacted]";

    private const int TimeoutMilliseconds = 200;

    /// <summary>True for a name that promises a secret, for example of an environment variable.</summary>
    public static bool IsSecretName(string name) => Match(SecretName(), name);

    public static string Scrub(string text)
    {
        try
        {
            var scrubbed = PrivateKey().Replace(text, Redacted);
            scrubbed = UrlPassword().Replace(scrubbed, $"${{kept}}{Redacted}@");
            scrubbed = Bearer().Replace(scrubbed, $"${{kept}}{Redacted}");
            scrubbed = Assignment().Replace(scrubbed, $"${{kept}}{Redacted}");
            return WellKnown().Replace(scrubbed, Redacted);
        }
        catch (RegexMatchTimeoutException)
        {
            return "[left out: could not be checked for secrets in time]";
        }
    }

    private static bool Match(Regex regex, string text)
    {
        try
        {
            return regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return true;
        }
    }

    [GeneratedRegex("pass(word|wd|phrase)?|pwd|secret|token|api_?key|access_?key|private_?key|credential|auth",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex SecretName();

    [GeneratedRegex(
        """(?<kept>(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key"""
        + """|credentials?)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',;&]+""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Assignment();

    [GeneratedRegex("""(?<kept>(?:bearer|basic)\s{1,3})[A-Za-z0-9+/=._~-]{8,}""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Bearer();

    [GeneratedRegex("""(?<kept>://[^\s:/@]{1,200}:)[^\s/@]{1,200}@""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        TimeoutMilliseconds)]
    private static partial Regex UrlPassword();

    [GeneratedRegex("-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex PrivateKey();

    [GeneratedRegex("""\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)""",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex WellKnown();
}
