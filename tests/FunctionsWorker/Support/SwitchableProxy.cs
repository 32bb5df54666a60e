using System.Net;
using System.Net.Sockets;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>Stands between a client and a service on 127.0.0.1 and can be switched off: then connections are refused, and open ones
/// end.</summary>
internal sealed class SwitchableProxy : IAsyncDisposable
{
    private readonly int _target;
    private CancellationTokenSource? _on;
    private Task _accepting = Task.CompletedTask;

    public SwitchableProxy(int target)
    {
        _target = target;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public int Port { get; }

    public void SwitchOn()
    {
        _on = new CancellationTokenSource();
        var listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        _accepting = AcceptAsync(listener, _on.Token);
    }

    public async Task SwitchOffAsync()
    {
        if (_on is not null)
        {
            await _on.CancelAsync();
            // Else it could not be switched on again at once.
            await _accepting;
            _on.Dispose();
            _on = null;
        }
    }

    public async ValueTask DisposeAsync() => await SwitchOffAsync();

    private async Task AcceptAsync(TcpListener listener, CancellationToken off)
    {
        try
        {
            while (true)
            {
                _ = PumpAsync(await listener.AcceptTcpClientAsync(off), off);
            }
        }
        catch (OperationCanceledException)
        {
            listener.Stop();
        }
    }

    private async Task PumpAsync(TcpClient client, CancellationToken off)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, _target, off);
            Task up = client.GetStream().CopyToAsync(server.GetStream(), off);
            Task down = server.GetStream().CopyToAsync(client.GetStream(), off);
            await Task.WhenAny(up, down);
        }
    }
}
