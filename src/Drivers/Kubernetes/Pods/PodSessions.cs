using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Transport;

namespace Heal.Drivers.Kubernetes.Pods;

/// <summary>Opens conversations with containers over the transport, whose credentials, breaker and typed errors they share.</summary>
internal sealed class PodSessions(ApiTransport transport, DiscoveryCache discovery) : IPodSessions
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public async IAsyncEnumerable<PodLogLine> FollowLogAsync(
        string ns, string pod, LogFollowOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new LogFollowOptions();
        if (options.MaxLineBytes < 1 || options.MaxBytes < 1)
            throw new ArgumentException(
                $"Expected MaxLineBytes and MaxBytes of at least 1, got {options.MaxLineBytes} and {options.MaxBytes}.", nameof(options));
        var resource = await discovery.GetAsync("get", ResourceKind.Of<Pod>(), cancellationToken);
        var call = ApiCalls.Read(resource, ns, pod, "log", ApiCalls.Query(
            ("follow", "true"),
            ("container", options.Container),
            ("tailLines", options.TailLines?.ToString()),
            ("sinceSeconds", options.SinceSeconds?.ToString()),
            ("timestamps", options.Timestamps ? "true" : null)));
        using var response = await transport.OpenAsync(call, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var lines = LogFollower.ReadAsync(stream, options.MaxLineBytes, options.MaxBytes, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(lines, call))
            yield return lines.Current;
    }

    public async Task<ExecResult> ExecAsync(string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Command.Count == 0)
            throw new ArgumentException("Expected a command, got none.", nameof(options));
        if (options.MaxOutputBytes < 1 || options.Timeout <= TimeSpan.Zero)
            throw new ArgumentException(
                "Expected MaxOutputBytes of at least 1 and a Timeout of more than zero, "
                + $"got {options.MaxOutputBytes} and {options.Timeout}.",
                nameof(options));

        var resource = await discovery.GetAsync("create", ResourceKind.Of<Pod>(), cancellationToken);
        var call = Call(resource, ns, pod, options);
        using var deadline = new CancellationTokenSource(options.Timeout, transport.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var response = await transport.OpenAsync(call, both.Token);
            using var socket = await SocketAsync(call, response, both.Token);
            return await TalkAsync(socket, call, pod, options, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(
                UnreachableCause.TimedOut, call,
                $"the command did not end within {options.Timeout.TotalSeconds:0.#} s, and may still run.");
        }
        catch (Exception exception) when (exception is WebSocketException or IOException)
        {
            throw Unreachable(
                UnreachableCause.Disconnected, call, $"the connection broke, the command may still run: {exception.Message}", exception);
        }
    }

    private async Task<ExecResult> TalkAsync(
        WebSocket socket, ApiCall call, string pod, ExecOptions options, CancellationToken cancellationToken)
    {
        var channel = new ExecChannel(socket, options.MaxOutputBytes);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Both at once: a command that writes while it reads would otherwise stop for want of a reader.
        var writing = options.StandardInput is { } input ? channel.WriteAsync(input, ended.Token) : Task.CompletedTask;
        var result = await channel.ReadAsync(
            detail => new PodExecException(pod, options.Container ?? string.Empty, detail), cancellationToken);
        // A command may end without reading all of its input, which is its right.
        await ended.CancelAsync();
        await writing.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return result ?? throw Unreachable(
            UnreachableCause.Disconnected, call, "the server ended the conversation without saying how the command did.");
    }

    private async Task<WebSocket> SocketAsync(ApiCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var protocol = response.Headers.TryGetValues("Sec-WebSocket-Protocol", out var values) ? values.FirstOrDefault() : null;
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols || protocol is not (ExecChannel.V5 or ExecChannel.V4))
            throw Unreachable(
                UnreachableCause.UnexpectedShape, call,
                $"expected a WebSocket with {ExecChannel.V5} or {ExecChannel.V4}, got {(int)response.StatusCode} with '{protocol}'. "
                + "Does a proxy on the way drop upgrades?");
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { SubProtocol = protocol, KeepAliveInterval = KeepAlive });
    }

    private static ApiCall Call(ApiResource resource, string ns, string pod, ExecOptions options)
    {
        // An empty argument is an argument: not left out as empty parameters are elsewhere.
        var command = string.Join('&', options.Command.Select(c => $"command={Uri.EscapeDataString(c)}"));
        var rest = ApiCalls.Query(
            ("container", options.Container),
            ("stdin", options.StandardInput is null ? null : "true"),
            ("stdout", "true"),
            ("stderr", "true"));
        return ApiCalls.Read(resource, ns, pod, "exec", $"{rest}&{command}") with
        {
            // What comes is no document: servers refuse (406) to send it to one who accepts JSON only.
            Verb = "create", IsIdempotent = false, Accept = "*/*", Protocols = $"{ExecChannel.V5}, {ExecChannel.V4}",
        };
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<PodLogLine> lines, ApiCall call)
    {
        try
        {
            return await lines.MoveNextAsync();
        }
        catch (Exception exception) when (FailureTranslation.Knows(exception))
        {
            throw FailureTranslation.Translate(exception, call, transport.ResourceUrl(call));
        }
    }

    private KubernetesUnreachableException Unreachable(
        UnreachableCause cause, ApiCall call, string detail, Exception? exception = null) =>
        new(cause, "exec in", transport.ResourceUrl(call), detail, exception);
}
