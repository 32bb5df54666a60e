using System.Net;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Configuration;

/// <summary>
/// What the web server takes from one client and from all together, and whose word about the real client it takes. The Azure host leaves
/// this to the platform in front of it, so there are no names in host.json; ours are in docs/function-host/http.md.
/// </summary>
internal sealed record ServerSettings
{
    /// <summary>From the first byte of a request to the end of its headers. Default: 30 s.</summary>
    public TimeSpan HeadersTimeout { get; init; }

    /// <summary>Headers of one request. Default: 100.</summary>
    public int HeaderCount { get; init; }

    /// <summary>Bytes of all headers of one request. Default: 32 KiB.</summary>
    public int HeadersSize { get; init; }

    /// <summary>Bytes of method, path and query. Default: 8 KiB.</summary>
    public int RequestLineSize { get; init; }

    /// <summary>Bytes per second that a client must keep up while it sends a body; 0 for any speed. Default: 240.</summary>
    public int BodyMinimumRate { get; init; }

    /// <summary>How long a connection may be idle between requests. Default: 130 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; }

    /// <summary>Open connections; more are closed at once. Default: 10,000.</summary>
    public int MaximumConnections { get; init; }

    /// <summary>Whose <c>X-Forwarded-*</c> headers are believed. Default: nobody's.</summary>
    public IReadOnlyList<KnownProxy> KnownProxies { get; init; } = [];

    /// <summary>From which pages browsers may call. Default, null: from none.</summary>
    public CorsSettings? Cors { get; init; }

    /// <summary>Who may read the OpenAPI document. Default: who has the master key.</summary>
    public OpenApiAccess OpenApi { get; init; }

    /// <summary>Whether callers on this machine need keys. Default: they do.</summary>
    public LocalKeys LocalKeys { get; init; }

    public static ServerSettings Read(IConfiguration configuration, List<string> faults)
    {
        var values = new SettingValues(configuration, faults);
        return new()
        {
            HeadersTimeout = values.Duration(
                "FUNCTIONS_REQUEST_HEADERS_TIMEOUT", TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            HeaderCount = values.Number("FUNCTIONS_REQUEST_HEADERS_COUNT_LIMIT", 100, 10, 10_000, "headers"),
            HeadersSize = values.Number("FUNCTIONS_REQUEST_HEADERS_SIZE_LIMIT", 32 * 1024, 1024, 1024 * 1024, "bytes"),
            RequestLineSize = values.Number("FUNCTIONS_REQUEST_LINE_SIZE_LIMIT", 8 * 1024, 256, 1024 * 1024, "bytes"),
            BodyMinimumRate = values.Number("FUNCTIONS_REQUEST_BODY_MINIMUM_RATE", 240, 0, 1024 * 1024, "bytes per second"),
            KeepAliveTimeout = values.Duration(
                "FUNCTIONS_KEEP_ALIVE_TIMEOUT", TimeSpan.FromSeconds(130), TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            MaximumConnections = values.Number("FUNCTIONS_CONNECTION_LIMIT", 10_000, 1, 1_000_000, "connections"),
            KnownProxies = values.List("FUNCTIONS_KNOWN_PROXIES", KnownProxy.Parse, "IP addresses or networks such as 10.0.0.0/8"),
            Cors = CorsSettings.Read(configuration, faults),
            OpenApi = values.Choice("FUNCTIONS_OPENAPI", OpenApiAccess.Admin),
            LocalKeys = values.Choice("FUNCTIONS_LOCAL_KEYS", LocalKeys.Required),
        };
    }
}

/// <summary>A reverse proxy, or a network in which each machine is one.</summary>
internal sealed record KnownProxy(IPNetwork Network)
{
    public static KnownProxy? Parse(string text) =>
        IPNetwork.TryParse(text, out IPNetwork network) ? new(network)
        : IPAddress.TryParse(text, out IPAddress? address) ? new(new IPNetwork(address, address.GetAddressBytes().Length * 8))
        : null;
}

internal enum OpenApiAccess
{
    /// <summary>Who has the master key.</summary>
    Admin = 0,

    /// <summary>Everybody.</summary>
    Anonymous = 1,

    /// <summary>Nobody: there is no document.</summary>
    Off = 2,
}

internal enum LocalKeys
{
    /// <summary>As for everybody else.</summary>
    Required = 0,

    /// <summary>Who calls from this machine needs no key for anything, as with the tools that run functions locally for Azure.</summary>
    Waived = 1,
}
