using System.Text.RegularExpressions;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary><c>extensions.http</c> of host.json, but for the route prefix.</summary>
internal sealed partial record HttpSettings
{
    /// <summary>Requests of functions that run or wait at a time; more are refused. Null, the default: no limit of its own.</summary>
    public int? MaxOutstandingRequests { get; init; }

    /// <summary>Requests of functions that run at a time; more wait. Null, the default: no limit of its own.</summary>
    public int? MaxConcurrentRequests { get; init; }

    /// <summary>Refuse requests while the process is in trouble. Default: false.</summary>
    public bool DynamicThrottles { get; init; }

    /// <summary>Put on each reply of a function that does not have such a header itself.</summary>
    public IReadOnlyDictionary<string, string> CustomHeaders { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Null, the default: no <c>Strict-Transport-Security</c>.</summary>
    public HstsSettings? Hsts { get; init; }

    public static HttpSettings Read(JsonSection json)
    {
        const int most = 1_000_000;
        return new()
        {
            MaxOutstandingRequests = json.NumberOrNone("maxOutstandingRequests", min: 1, max: most),
            MaxConcurrentRequests = json.NumberOrNone("maxConcurrentRequests", min: 1, max: most),
            DynamicThrottles = json.Flag("dynamicThrottlesEnabled", fallback: false),
            CustomHeaders = json.Section("customHeaders").Texts(
                static value => HeaderValue().IsMatch(value), "text of printable ASCII", static name => HeaderName().IsMatch(name)),
            Hsts = HstsSettings.Read(json.Section("hsts")),
        };
    }

    [GeneratedRegex("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
    private static partial Regex HeaderName();

    [GeneratedRegex("^[ -~]*$")]
    private static partial Regex HeaderValue();
}

/// <summary><c>extensions.http.hsts</c> of host.json.</summary>
internal sealed record HstsSettings(TimeSpan MaxAge, bool IncludeSubDomains, bool Preload)
{
    public static HstsSettings? Read(JsonSection json)
    {
        bool isEnabled = json.Flag("isEnabled", fallback: false);
        var settings = new HstsSettings(
            json.Duration("maxAge", TimeSpan.FromDays(30), min: TimeSpan.Zero, max: TimeSpan.FromDays(3650)),
            json.Flag("includeSubDomains", fallback: false),
            json.Flag("preload", fallback: false));
        json.Done();
        return isEnabled ? settings : null;
    }
}
