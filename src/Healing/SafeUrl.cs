namespace Heal.Healing;

/// <summary>Shows an address of the settings without what may be a secret in it: user info, and the path and query of a webhook.</summary>
public static class SafeUrl
{
    /// <summary>Scheme, host and port.</summary>
    public static string Server(Uri url) => url.IsAbsoluteUri
        ? $"'{SafeText.Line(url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped), 300)}'" : "one without a scheme";
}
