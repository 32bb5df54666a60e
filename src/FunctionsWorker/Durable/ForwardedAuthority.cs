namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Scheme and host as the caller of a proxy saw them: from <c>Forwarded</c> (RFC 7239; its first element is the one nearest to the
/// caller), then <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c>. What is no scheme or no host is passed over.
/// </summary>
internal static class ForwardedAuthority
{
    /// <param name="header">The value of a header by its name, or null.</param>
    /// <param name="scheme">The request's own scheme.</param>
    /// <param name="authority">The request's own host and port.</param>
    public static string Of(Func<string, string?> header, string scheme, string authority)
    {
        Dictionary<string, string> forwarded = Parse(header("Forwarded"));
        string? proto = Scheme(forwarded.GetValueOrDefault("proto")) ?? Scheme(First(header("X-Forwarded-Proto")));
        string? host = Host(forwarded.GetValueOrDefault("host")) ?? Host(First(header("X-Forwarded-Host")));
        return $"{proto ?? scheme}://{host ?? authority}";
    }

    private static Dictionary<string, string> Parse(string? header)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in (First(header) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            // A port makes a host need quotes, which many proxies leave out all the same.
            if (part.Split('=', 2, StringSplitOptions.TrimEntries) is [{ } name, { } value])
            {
                pairs.TryAdd(name, value.Trim('"'));
            }
        }

        return pairs;
    }

    private static string? First(string? header) => header?.Split(',')[0].Trim() is { Length: > 0 } first ? first : null;

    private static string? Scheme(string? text) =>
        text?.ToLowerInvariant() is "http" or "https" ? text.ToLowerInvariant() : null;

    private static string? Host(string? text) =>
        text is not null && Uri.TryCreate($"http://{text}", UriKind.Absolute, out Uri? uri)
        && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" } && !text.EndsWith('/')
            ? text
            : null;
}
