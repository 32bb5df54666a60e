using System.Net.Sockets;
using System.Text;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>A client that sends what it likes, when it likes: no HTTP library would.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _tcp = new();

    public static async Task<RawClient> ConnectAsync(Uri address)
    {
        var client = new RawClient();
        await client._tcp.ConnectAsync(address.Host, address.Port);
        return client;
    }

    public Task SendAsync(string text) => _tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask();

    /// <summary>What comes next; empty when the server has closed the connection.</summary>
    public async Task<string> ReadSomeAsync()
    {
        byte[] buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return Encoding.ASCII.GetString(buffer, 0, await _tcp.GetStream().ReadAsync(buffer, limit.Token));
    }

    /// <summary>All that comes until the server closes the connection; 30 s at most.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await _tcp.GetStream().ReadAsync(buffer, limit.Token) is > 0 and int count)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset by the server: an end too.
        }

        return text.ToString();
    }

    public void Dispose() => _tcp.Dispose();
}
