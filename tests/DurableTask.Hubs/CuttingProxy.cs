using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>
/// Stands between a hub and PostgreSQL. When told, it lets one request with a certain word through to the server, waits for the answer,
/// and cuts the connection instead of handing the answer on: the client can not know whether it was done.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly Task _accepting;
    private byte[]? _word;
    private bool _isEvery;

    public CuttingProxy(NpgsqlConnectionStringBuilder target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string ConnectionString => new NpgsqlConnectionStringBuilder(_target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    public void CutAfter(string word) => Cut(word, isEvery: false);

    /// <summary>Cuts the connection of every request with the word, until told otherwise with null.</summary>
    public void CutEvery(string? word) => Cut(word, isEvery: true);

    private void Cut(string? word, bool isEvery)
    {
        _isEvery = isEvery;
        _word = word is null ? null : Encoding.ASCII.GetBytes(word);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_target.Host!, _target.Port, _stopping.Token);
                var link = new Link();
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), link, isRequest: true),
                    PumpAsync(server.GetStream(), client.GetStream(), link, isRequest: false));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // Closed by one side.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Link link, bool isRequest)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, _stopping.Token) is > 0 and var count)
        {
            if (!isRequest && link.IsDoomed)
            {
                return;
            }

            if (isRequest && _word is { } word && buffer.AsSpan(0, count).IndexOf(word) >= 0)
            {
                link.IsDoomed = true;
                _word = _isEvery ? word : null;
            }

            await to.WriteAsync(buffer.AsMemory(0, count), _stopping.Token);
        }
    }

    private sealed class Link
    {
        public volatile bool IsDoomed;
    }
}
