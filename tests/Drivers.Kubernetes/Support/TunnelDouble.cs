using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>
/// An HTTP proxy that leads each tunnel to one server, whatever it was asked for, and remembers what that was. With a user
/// ("name:password") it demands that.
/// </summary>
internal sealed class TunnelDouble : IAsyncDisposable
{
    private const int Head = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _port;
    private readonly string? _demanded;
    private readonly Task _running;

    public TunnelDouble(Uri server, string? user = null)
    {
        _port = server.Port;
        _demanded = user is null ? null : $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(user))}";
        _listener.Start();
        _running = RunAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The first line of each request.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _running;
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        var tunnels = new List<Task>();
        try
        {
            while (true)
                tunnels.Add(TunnelAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (OperationCanceledException)
        {
            // At the end.
        }

        await Task.WhenAll(tunnels);
    }

    private async Task TunnelAsync(TcpClient from)
    {
        using var client = from;
        using var server = new TcpClient();
        try
        {
            var asking = from.GetStream();
            var lines = await HeadAsync(asking);
            Asked.Enqueue(lines[0]);
            if (_demanded is not null && !lines.Contains(_demanded))
            {
                const string Refusal = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
                    + "Content-Length: 0\r\nConnection: close\r\n\r\n";
                await asking.WriteAsync(Encoding.ASCII.GetBytes(Refusal), _end.Token);
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _port, _end.Token);
            await asking.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _end.Token);
            var answering = server.GetStream();
            await Task.WhenAny(asking.CopyToAsync(answering, _end.Token), answering.CopyToAsync(asking, _end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // One side is gone: so is the tunnel.
        }
    }

    private async Task<string[]> HeadAsync(NetworkStream asking)
    {
        var text = new StringBuilder();
        var bytes = new byte[Head];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await asking.ReadAsync(bytes, _end.Token);
            if (length == 0)
                throw new IOException("the client went before it had asked");
            text.Append(Encoding.ASCII.GetString(bytes, 0, length));
        }

        return text.ToString().Split("\r\n");
    }
}
