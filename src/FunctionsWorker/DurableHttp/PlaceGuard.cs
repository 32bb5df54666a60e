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
        : asked.IsLoopback ? PlaceTrust.NotLinkLocal
        : PlaceTrust.NotLocal;

    public static bool Allows(PlaceTrust trust, IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        bool isLinkLocal = plain.IsIPv6LinkLocal
            || (plain.AddressFamily == AddressFamily.InterNetwork && plain.GetAddressBytes() is [169, 254, ..]);
        // To connect to "any" address is to connect to this machine.
        bool isHere = IPAddress.IsLoopback(plain) || plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any);
        return trust == PlaceTrust.Anywhere || (!isLinkLocal && (trust == PlaceTrust.NotLinkLocal || !isHere));
    }

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
            handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context, trust, cancellationToken);
        }

        return new(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, PlaceTrust trust, CancellationToken cancellationToken)
    {
        DnsEndPoint place = context.DnsEndPoint;
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(place.Host, cancellationToken);
        bool isProxy = !string.Equals(
            context.InitialRequestMessage.RequestUri?.IdnHost, place.Host, StringComparison.OrdinalIgnoreCase);
        IPAddress[] allowed = isProxy ? addresses : [.. addresses.Where(address => Allows(trust, address))];
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
}
