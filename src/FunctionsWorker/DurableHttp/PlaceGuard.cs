using System.Net;
using System.Net.Sockets;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>Where a request may lead, by who named its place.</summary>
internal enum PlaceTrust
{
    /// <summary>The orchestrator named it, or it is of the same origin: anywhere.</summary>
    Anywhere = 0,

    /// <summary>A server on this machine named it: anywhere but to link-local addresses.</summary>
    NotLinkLocal = 1,

    /// <summary>A server elsewhere named it: not to this machine itself either.</summary>
    NotLocal = 2,
}

/// <summary>
/// Sends each request over connections of its trust, and judges the addresses that such a connection is made to: what a name resolves to,
/// not what it looks like. Connections of different trust are never shared. A proxy that the environment names is the operator's choice:
/// it is connected to as it is, and judges for itself.
/// </summary>
internal sealed class PlaceGuard(Func<SocketsHttpHandler> makeHandler) : HttpMessageHandler
{
    public static readonly HttpRequestOptionsKey<PlaceTrust> Trust = new("Microsoft.DurableTask.Http.Trust");

    private readonly Lazy<HttpMessageInvoker>[] _byTrust =
        [.. Enum.GetValues<PlaceTrust>().Select(trust => new Lazy<HttpMessageInvoker>(() => Make(makeHandler(), trust)))];

    /// <param name="asked">What the orchestrator asked for.</param>
    /// <param name="place">Where a request goes now.</param>
    public static PlaceTrust TrustIn(Uri asked, Uri place) =>
        RequestHeaders.IsSameOrigin(asked, place) ? PlaceTrust.Anywhere
        : IsHere(asked) ? PlaceTrust.NotLinkLocal
        : PlaceTrust.NotLocal;

    public static bool Allows(PlaceTrust trust, IPAddress address) =>
        trust == PlaceTrust.Anywhere || (!IsLinkLocal(address) && (trust == PlaceTrust.NotLinkLocal || !IsHere(address)));

    /// <summary>Whether the text of a place says that it is on this machine; a name may lead here all the same.</summary>
    public static bool IsHere(Uri place) => place.IsLoopback || (AddressOf(place) is { } address && IsHere(address));

    /// <summary>Whether the text of a place is a link-local address.</summary>
    public static bool IsLinkLocal(Uri place) => AddressOf(place) is { } address && IsLinkLocal(address);

    private static bool IsLinkLocal(IPAddress address)
    {
        IPAddress plain = Plain(address);
        return plain.IsIPv6LinkLocal || (plain.AddressFamily == AddressFamily.InterNetwork && plain.GetAddressBytes() is [169, 254, ..]);
    }

    // To connect to "any" address is to connect to this machine.
    private static bool IsHere(IPAddress address) => Plain(address) is var plain
        && (IPAddress.IsLoopback(plain) || plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPAddress? AddressOf(Uri place) => IPAddress.TryParse(place.DnsSafeHost, out IPAddress? address) ? address : null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        PlaceTrust trust = request.Options.TryGetValue(Trust, out PlaceTrust given) ? given : PlaceTrust.Anywhere;
        return _byTrust[(int)trust].Value.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Lazy<HttpMessageInvoker> invoker in _byTrust.Where(static i => i.IsValueCreated))
        {
            invoker.Value.Dispose();
        }

        base.Dispose(disposing);
    }

    private static HttpMessageInvoker Make(SocketsHttpHandler handler, PlaceTrust trust)
    {
        if (trust != PlaceTrust.Anywhere)
        {
            IWebProxy? proxy = handler.UseProxy ? handler.Proxy ?? HttpClient.DefaultProxy : null;
            handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context, trust, proxy, cancellationToken);
        }

        return new(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, PlaceTrust trust, IWebProxy? proxy, CancellationToken cancellationToken)
    {
        DnsEndPoint place = context.DnsEndPoint;
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(place.Host, cancellationToken);
        IPAddress[] allowed = IsProxy(place, context.InitialRequestMessage, proxy)
            ? addresses
            : [.. addresses.Where(address => Allows(trust, address))];
        if (allowed.Length == 0)
        {
            throw new HttpRequestException($"A response led to '{place.Host}', which is an address of this machine itself or a link-local "
                + "one; a server may not send its callers there.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, place.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether the connection is one to the proxy of the request. What cannot be told to be one is judged.</summary>
    private static bool IsProxy(DnsEndPoint place, HttpRequestMessage request, IWebProxy? proxy) =>
        // The handler asks a proxy for a tunnel by a request of its own, which says nothing of trust.
        !request.Options.TryGetValue(Trust, out _)
        || (request.RequestUri is { } asked && proxy?.GetProxy(asked) is { } via && via.Port == place.Port
            && string.Equals(WithoutBrackets(via.IdnHost), WithoutBrackets(place.Host), StringComparison.OrdinalIgnoreCase));

    // The handler writes them around IPv6 addresses, Uri does not.
    private static string WithoutBrackets(string host) => host.Trim('[', ']');
}
