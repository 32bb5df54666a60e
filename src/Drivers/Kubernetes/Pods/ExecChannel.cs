using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Pods;

/// <summary>
/// The remote command protocol over a WebSocket: each message begins with a byte that names its channel (0 input, 1 output, 2 errors,
/// 3 the final status), and from version 5 on 255 says that a channel ends.
/// </summary>
internal sealed class ExecChannel(WebSocket socket, int maxOutput)
{
    public const string V5 = "v5.channel.k8s.io";
    public const string V4 = "v4.channel.k8s.io";

    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Errors = 2;
    private const byte Final = 3;
    private const byte End = 255;
    private const int Piece = 32 << 10;

    private readonly ExecOutput _output = new(maxOutput);
    private readonly ExecOutput _errors = new(maxOutput);
    private readonly ArrayBufferWriter<byte> _status = new();

    public async Task WriteAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        for (var at = 0; at < input.Length; at += Piece)
        {
            var piece = input.Slice(at, Math.Min(Piece, input.Length - at));
            await socket.SendAsync((byte[])[Input, .. piece.Span], WebSocketMessageType.Binary, true, cancellationToken);
        }

        if (socket.SubProtocol == V5)
            await socket.SendAsync((byte[])[End, Input], WebSocketMessageType.Binary, true, cancellationToken);
    }

    /// <summary>Reads until the server ends the conversation.</summary>
    /// <returns>Null when it ended without saying how the command did.</returns>
    public async Task<ExecResult?> ReadAsync(Func<string, Exception> cannotStart, CancellationToken cancellationToken)
    {
        var buffer = new byte[Piece];
        byte? channel = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
                break;
            var piece = buffer.AsMemory(0, received.Count);
            if (channel is null && piece.Length > 0)
            {
                channel = piece.Span[0];
                piece = piece[1..];
            }

            Take(channel, piece.Span);
            if (!received.EndOfMessage)
                continue;
            // The status is the last word, whether or not the server takes the trouble to close.
            if (channel == Final)
                break;
            channel = null;
        }

        return Result(cannotStart);
    }

    private void Take(byte? channel, ReadOnlySpan<byte> piece)
    {
        switch (channel)
        {
            case Output:
                _output.Add(piece);
                break;
            case Errors:
                _errors.Add(piece);
                break;
            case Final when _status.WrittenCount + piece.Length <= Piece:
                _status.Write(piece);
                break;
        }
    }

    private ExecResult? Result(Func<string, Exception> cannotStart)
    {
        if (_status.WrittenCount == 0)
            return null;
        var status = JsonSerializer.Deserialize<ExecStatus>(_status.WrittenSpan, KubernetesJson.Options);
        var code = 0;
        if (status?.Status != "Success")
        {
            var cause = status?.Details?.Causes?.Find(c => c.Reason == "ExitCode");
            if (!int.TryParse(cause?.Message, out code))
                throw cannotStart(status?.Message ?? "the server gave no reason.");
        }

        return new ExecResult(code, _output.ToString(), _errors.ToString(), _output.IsTruncated || _errors.IsTruncated);
    }

    private sealed class ExecStatus
    {
        public string? Status { get; init; }
        public string? Message { get; init; }
        public StatusDetails? Details { get; init; }
    }
}
