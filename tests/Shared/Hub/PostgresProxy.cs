using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Heal.Shared.Tests;

/// <summary>
/// Stands between a process and PostgreSQL: takes connections, opens one to the server for each, and hands on what either side writes. What
/// goes wrong on the way is up to who derives from it.
/// </summary>
internal abstract class PostgresProxy : IAsyncDisposable
{
    private const int BufferBytes = 1024 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly Task _accepting;

    protected PostgresProxy(string target)
    {
        _target = new NpgsqlConnectionStringBuilder(target);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>That of the server, by way of this.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder(_target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    /// <summary>A connection was made.</summary>
    private protected abstract IPassage Open();

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
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_target.Host!, _target.Port, _stopping.Token);
                IPassage passage = Open();
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), passage.AskAsync),
                    PumpAsync(server.GetStream(), client.GetStream(), passage.AnswerAsync));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                // Closed by one side.
            }
        }
    }

    private async Task PumpAsync(
        NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, Stream, CancellationToken, Task<bool>> handOn)
    {
        byte[] buffer = new byte[BufferBytes];
        while (await from.ReadAsync(buffer, _stopping.Token) is > 0 and var count
               && await handOn(buffer.AsMemory(0, count), to, _stopping.Token))
        {
            // Until one side closes, or the passage does.
        }
    }

    /// <summary>What happens to one connection. Requests and answers come one after the other, but beside each other.</summary>
    private protected interface IPassage
    {
        /// <summary>The process wrote something: a request as a rule, because the driver writes each at once.</summary>
        /// <returns>False to cut the connection.</returns>
        Task<bool> AskAsync(ReadOnlyMemory<byte> request, Stream server, CancellationToken cancellation);

        /// <summary>The server wrote something.</summary>
        /// <returns>False to cut the connection.</returns>
        Task<bool> AnswerAsync(ReadOnlyMemory<byte> answer, Stream client, CancellationToken cancellation);
    }
}
