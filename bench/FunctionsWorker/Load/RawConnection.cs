using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>
/// One HTTP/1.1 connection that sends what it is given and reads whole answers. HttpClient takes several times as much CPU, on processors
/// that the server under test shares with the driver.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly byte[] LastChunk = "\r\n0\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    public static byte[] Get(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");

    public static byte[] Post(string path, string key, ReadOnlySpan<byte> body) =>
    [
        .. Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: bench\r\nx-functions-key: {key}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n"),
        .. body,
    ];

    public Task ConnectAsync(int port) => _socket.ConnectAsync(IPAddress.Loopback, port);

    /// <returns>The status code of the answer.</returns>
    public async Task<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[await _socket.SendAsync(request)..];
        }

        int filled = 0;
        while (!IsWhole(_buffer.AsSpan(0, filled)))
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(filled));
            filled += read > 0 ? read : throw new IOException("The server ended the connection within an answer.");
        }

        return Utf8Parser.TryParse(_buffer.AsSpan("HTTP/1.1 ".Length), out int status, out _) ? status : 0;
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        int head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> headers = answer[..(head + 2)];
        int length = headers.IndexOf("Content-Length: "u8);
        return length >= 0 && Utf8Parser.TryParse(headers[(length + "Content-Length: ".Length)..], out int bytes, out _)
            ? answer.Length >= head + 4 + bytes
            : headers.IndexOf("chunked"u8) < 0 || answer.EndsWith(LastChunk);
    }
}
