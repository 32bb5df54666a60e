using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// From which web pages browsers may call this host: the settings <c>WEBSITE_CORS_ALLOWED_ORIGINS</c> and
/// <c>WEBSITE_CORS_SUPPORT_CREDENTIALS</c>, or <c>Host.CORS</c> and <c>Host.CORSCredentials</c> of local.settings.json. Default: from none
/// but its own.
/// </summary>
/// <param name="Origins">As browsers send them; <see cref="Any"/> alone for all.</param>
/// <param name="Credentials">Whether the pages may send cookies and the like.</param>
internal sealed record CorsSettings(IReadOnlyList<string> Origins, bool Credentials)
{
    public const string OriginsSetting = "WEBSITE_CORS_ALLOWED_ORIGINS";
    public const string CredentialsSetting = "WEBSITE_CORS_SUPPORT_CREDENTIALS";
    public const string Any = "*";

    private const string Expected = "'*', or origins such as https://shop.example with commas between or as a JSON array of strings";

    public bool IsForAll => Origins is [Any];

    /// <returns>Null when no page is allowed.</returns>
    public static CorsSettings? Read(IConfiguration configuration, List<string> faults)
    {
        int before = faults.Count;
        bool credentials = ReadCredentials(configuration, faults);
        string text = configuration[OriginsSetting]?.Trim() ?? "";
        List<string> origins =
            [.. Texts(text, faults).Select(o => OriginOf(o, text, faults)).OfType<string>().Distinct(StringComparer.Ordinal)];
        if (faults.Count > before || origins.Count == 0)
        {
            return null;
        }

        if (origins.Contains(Any, StringComparer.Ordinal) && (origins.Count > 1 || credentials))
        {
            faults.Add($"setting {OriginsSetting}: is '{text}', expected '*' alone and without {CredentialsSetting}: "
                + "browsers send credentials to origins only that are named");
            return null;
        }

        return new(origins, credentials);
    }

    private static bool ReadCredentials(IConfiguration configuration, List<string> faults)
    {
        string text = configuration[CredentialsSetting] is { Length: > 0 } set ? set : "false";
        if (!bool.TryParse(text, out bool credentials))
        {
            faults.Add($"setting {CredentialsSetting}: is '{text}', expected true or false");
        }

        return credentials;
    }

    private static string[] Texts(string text, List<string> faults)
    {
        if (!text.StartsWith('['))
        {
            return text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(text) ?? [];
        }
        catch (JsonException exception)
        {
            faults.Add($"setting {OriginsSetting}: is '{text}', expected {Expected}: {exception.Message}");
            return [];
        }
    }

    private static string? OriginOf(string text, string all, List<string> faults)
    {
        if (text == Any)
        {
            return Any;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            && uri is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" })
        {
            return uri.GetLeftPart(UriPartial.Authority);
        }

        faults.Add($"setting {OriginsSetting}: is '{all}', in which '{text}' is no origin; expected {Expected}");
        return null;
    }
}
