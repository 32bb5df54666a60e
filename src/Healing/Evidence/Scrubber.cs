using System.Text.RegularExpressions;

namespace Heal.Healing;

/// <summary>
/// Takes what looks like a secret out of text before it is kept. By pattern, so it errs on both sides: a secret without any mark passes.
/// For that reason the values of Secrets are never read in the first place.
/// </summary>
public static partial class Scrubber
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Redacted = "[redacted]";

    private const string LeftOut = "[left out: could not be checked for secrets in time]";
    private const int TimeoutMilliseconds = 200;
    private const RegexOptions Insensitive = RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;
    private const RegexOptions Sensitive = RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;

    // A random text of base64 has all of these often; names, paths and hexadecimal digests do not.
    private const int MinOfEachKind = 3;
    private const int CharactersPerSlash = 16;

    /// <summary>True for a name that promises a secret, for example of an environment variable.</summary>
    public static bool IsSecretName(string name) => Match(SecretName(), name);

    public static string Scrub(string text)
    {
        try
        {
            var scrubbed = PrivateKey().Replace(text, Redacted);
            scrubbed = UrlPassword().Replace(scrubbed, $"${{kept}}{Redacted}@");
            scrubbed = UrlToken().Replace(scrubbed, $"${{kept}}{Redacted}@");
            scrubbed = Header().Replace(scrubbed, $"${{kept}}{Redacted}");
            scrubbed = Bearer().Replace(scrubbed, $"${{kept}}{Redacted}");
            scrubbed = Assignment().Replace(scrubbed, $"${{kept}}{Redacted}");
            scrubbed = Option().Replace(scrubbed, $"${{kept}}{Redacted}");
            scrubbed = WellKnown().Replace(scrubbed, Redacted);
            return LongToken().Replace(scrubbed, match => LooksRandom(match.ValueSpan) ? Redacted : match.Value);
        }
        catch (RegexMatchTimeoutException)
        {
            return LeftOut;
        }
    }

    /// <summary>Line by line, and private keys over many lines, also those of which only the end is there.</summary>
    public static IReadOnlyList<string> ScrubLines(IReadOnlyList<string> lines)
    {
        var scrubbed = new List<string>(lines.Count);
        var inKey = false;
        foreach (var line in lines)
        {
            var begins = line.LastIndexOf("-----BEGIN ", StringComparison.Ordinal);
            var ends = line.LastIndexOf("-----END ", StringComparison.Ordinal);
            if (!inKey && ends >= 0 && begins < 0) HideBodyBefore(scrubbed);
            var wasInKey = inKey;
            if (begins > ends && line.Contains("PRIVATE KEY", StringComparison.Ordinal)) inKey = true;
            else if (ends >= 0) inKey = false;
            scrubbed.Add(wasInKey || inKey ? Redacted : Scrub(line));
        }

        return scrubbed;
    }

    // The lines of base64 right before an END whose BEGIN was cut off.
    private static void HideBodyBefore(List<string> lines)
    {
        for (var i = lines.Count - 1; i >= 0 && lines[i].Length >= 16 && lines[i].All(IsBase64); i--) lines[i] = Redacted;
    }

    private static bool IsBase64(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=';

    private static bool LooksRandom(ReadOnlySpan<char> token)
    {
        var (upper, lower, digits, slashes) = (0, 0, 0, 0);
        foreach (var c in token)
        {
            if (char.IsAsciiLetterUpper(c)) upper++;
            else if (char.IsAsciiLetterLower(c)) lower++;
            else if (char.IsAsciiDigit(c)) digits++;
            else if (c == '/') slashes++;
        }

        return upper >= MinOfEachKind && lower >= MinOfEachKind && digits >= MinOfEachKind && slashes * CharactersPerSlash <= token.Length;
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

    [GeneratedRegex("pass(word|wd|phrase)?|pwd|secret|token|api_?key|access_?key|private_?key|account_?key|credential|auth|cookie",
        Insensitive, TimeoutMilliseconds)]
    private static partial Regex SecretName();

    // name=value, name: value, "name":"value", also with escaped quotes; in a connection string up to the next semicolon.
    [GeneratedRegex(
        """(?<kept>(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|account[_-]?key"""
        + """|signing[_-]?key|encryption[_-]?key|shared[_-]?access[_-]?key|client[_-]?secret|session[_-]?id|credentials?|\bsig)"""
        + """\\?["']?\s{0,3}(?::=|[:=])\s{0,3})"""
        + """(?:\\"[^"\\]{0,1000}\\"|"(?:[^"\\]|\\.){0,1000}"|'[^']{0,1000}'|[^;="'\r\n]{1,200}(?=;)|\\?["']?[^\s"',;&\\]+)""",
        Insensitive, TimeoutMilliseconds)]
    private static partial Regex Assignment();

    // --password value
    [GeneratedRegex(
        """(?<kept>--?(?:password|passwd|pass|secret|token|api-?key|access-?key|client-secret|auth)\s{1,3})"""
        + """["']?[^\s"'-][^\s"']*["']?""",
        Insensitive, TimeoutMilliseconds)]
    private static partial Regex Option();

    [GeneratedRegex("""(?<kept>\b(?:bearer|basic|digest|negotiate)\s{1,3})[A-Za-z0-9+/=._~-]{8,}""", Insensitive, TimeoutMilliseconds)]
    private static partial Regex Bearer();

    [GeneratedRegex(
        """(?<kept>\b(?:(?:proxy-)?authorization|x-api-key|x-auth-token|x-vault-token|x-amz-security-token|(?:set-)?cookie)"""
        + """["']?\s{0,3}:\s{0,3}["']?(?:(?:bearer|basic|digest|negotiate)\s{1,3})?)[^\r\n"']{1,2000}""",
        Insensitive, TimeoutMilliseconds)]
    private static partial Regex Header();

    [GeneratedRegex("""(?<kept>://[^\s:/@"']{0,200}:)[^\s/"']{1,200}@""", Sensitive, TimeoutMilliseconds)]
    private static partial Regex UrlPassword();

    // A token in the place of the user.
    [GeneratedRegex("""(?<kept>://)[^\s:/@"']{20,200}@""", Sensitive, TimeoutMilliseconds)]
    private static partial Regex UrlToken();

    [GeneratedRegex("-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(-----END [A-Z ]{0,30}PRIVATE KEY-----)?", Sensitive, TimeoutMilliseconds)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(
        """\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"""
        + """|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}|[sr]k_live_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}"""
        + """|hvs\.[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"""
        + """|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)""",
        Sensitive, TimeoutMilliseconds)]
    private static partial Regex WellKnown();

    [GeneratedRegex("[A-Za-z0-9+/_-]{40,}={0,2}", Sensitive, TimeoutMilliseconds)]
    private static partial Regex LongToken();
}
