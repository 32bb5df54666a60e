using System.Net.WebSockets;
using System.Text;
using Heal.Drivers.Kubernetes.Pods;
using Heal.Drivers.Kubernetes.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Heal.Drivers.Kubernetes.Tests;

public sealed class PodSessionTests : IAsyncLifetime
{
    private const string Exec = "GET /api/v1/namespaces/shop/pods/a/exec";
    private const string Log = "GET /api/v1/namespaces/shop/pods/a/log";
    private const string Success = """{"metadata":{},"status":"Success"}""";

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));
    private ApiServerDouble _server = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await ApiServerDouble.StartAsync();
        _client = Some.Client(_server);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _deadline.Dispose();
    }

    [Theory]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("v5.channel.k8s.io")]
    public async Task A_command_gives_its_outputs_and_its_exit_code(string protocol)
    {
        var accept = string.Empty;
        var talk = Socket(protocol, async socket =>
        {
            await SendAsync(socket, 1, "out ");
            await SendAsync(socket, 2, "oops");
            await SendAsync(socket, 1, "put");
            await SendAsync(socket, 3, """
                {"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code",
                 "details":{"causes":[{"reason":"ExitCode","message":"7"}]}}
                """);
        });
        _server.On(Exec, context =>
        {
            accept = context.Request.Headers.Accept.ToString();
            return talk(context);
        });
        var result = await _client.ExecAsync("shop", "a", new ExecOptions { Command = ["sh", "-c", "a b&c", ""], Container = "main" });
        Assert.Equal(new ExecResult(7, "out put", "oops", false), result);
        // Real servers answer 406 to one who accepts JSON only.
        Assert.Equal("*/*", accept);
        Assert.Equal(
            "?container=main&stdout=true&stderr=true&command=sh&command=-c&command=a b&c&command=", _server.Of(Exec).Single().Query);
    }

    [Fact]
    public async Task Input_is_passed_on_and_ended()
    {
        var input = Encoding.UTF8.GetBytes(new string('i', 100_000));
        var heard = new MemoryStream();
        var ended = new List<byte>();
        _server.On(Exec, Socket("v5.channel.k8s.io", async socket =>
        {
            while (ended.Count == 0)
            {
                var message = await ReceiveAsync(socket);
                if (message[0] == 255)
                    ended.Add(message[1]);
                else
                    heard.Write(message.AsSpan(1));
            }

            await SendAsync(socket, 3, Success);
        }));
        var result = await _client.ExecAsync("shop", "a", new ExecOptions { Command = ["cat"], StandardInput = input });
        Assert.Equal((0, input.Length, (byte)0), (result.ExitCode, (int)heard.Length, ended.Single()));
        Assert.Contains("stdin=true", _server.Of(Exec).Single().Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_ends_without_reading_its_input_is_no_failure()
    {
        _server.On(Exec, Socket("v5.channel.k8s.io", socket => SendAsync(socket, 3, Success)));
        var options = new ExecOptions { Command = ["true"], StandardInput = new byte[32 << 20] };
        Assert.Equal(0, (await _client.ExecAsync("shop", "a", options)).ExitCode);
    }

    [Fact]
    public async Task Of_a_long_output_the_beginning_is_kept()
    {
        _server.On(Exec, Socket("v4.channel.k8s.io", async socket =>
        {
            for (var i = 0; i < 50; i++)
                await SendAsync(socket, 1, new string((char)('a' + (i % 26)), 100_000));
            await SendAsync(socket, 3, Success);
        }));
        var result = await _client.ExecAsync("shop", "a", new ExecOptions { Command = ["yes"], MaxOutputBytes = 100_001 });
        Assert.Equal((100_001, 'b', true), (result.StandardOutput.Length, result.StandardOutput[^1], result.IsTruncated));
    }

    [Fact]
    public async Task A_program_that_the_container_lacks_is_told_apart_from_one_that_fails()
    {
        _server.On(Exec, Socket("v4.channel.k8s.io", socket => SendAsync(socket, 3,
            """{"status":"Failure","reason":"InternalError","message":"exec: \"jstack\": executable file not found in $PATH"}""")));
        var failed = await Assert.ThrowsAsync<PodExecException>(
            () => _client.ExecAsync("shop", "a", new ExecOptions { Command = ["jstack"], Container = "main" }));
        Assert.Contains("executable file not found", failed.Message, StringComparison.Ordinal);
        Assert.Equal(("a", "main"), (failed.Pod, failed.Container));
    }

    [Fact]
    public async Task A_command_that_does_not_end_in_time_is_given_up_and_may_still_run()
    {
        _server.On(Exec, Socket("v4.channel.k8s.io", socket => ReceiveAsync(socket)));
        var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(() => _client.ExecAsync(
            "shop", "a", new ExecOptions { Command = ["sleep"], Timeout = TimeSpan.FromSeconds(0.3) }));
        Assert.Equal((UnreachableCause.TimedOut, false), (failed.Cause, failed.NotSent));
    }

    [Fact]
    public async Task A_conversation_that_ends_without_a_status_is_no_success()
    {
        _server.On(Exec, Socket("v4.channel.k8s.io", socket => SendAsync(socket, 1, "half")));
        var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => _client.ExecAsync("shop", "a", new ExecOptions { Command = ["x"] }));
        Assert.Equal(UnreachableCause.Disconnected, failed.Cause);
    }

    [Fact]
    public async Task A_missing_permission_is_named_with_the_verb_that_this_server_asks_for()
    {
        _server.On(Exec, Answer.Status(403, "Forbidden",
            """pods "a" is forbidden: User "bob" cannot get resource "pods/exec" in API group "" in the namespace "shop" """));
        var refused = await Assert.ThrowsAsync<KubernetesForbiddenException>(
            () => _client.ExecAsync("shop", "a", new ExecOptions { Command = ["x"] }));
        Assert.Equal(new MissingPermission("bob", "get", "", "pods/exec", "shop"), refused.Missing);
    }

    [Fact]
    public async Task Something_on_the_way_that_drops_upgrades_is_suspected()
    {
        _server.On(Exec, Answer.Text(200, "hello"));
        var failed = await Assert.ThrowsAsync<KubernetesUnreachableException>(
            () => _client.ExecAsync("shop", "a", new ExecOptions { Command = ["x"] }));
        Assert.Contains("drop upgrades", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, _server.CountOf(Exec));
    }

    [Fact]
    public async Task A_log_is_followed_line_by_line_while_it_is_written()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.On(Log, async context =>
        {
            await context.Response.WriteAsync("one\r\ntw");
            await context.Response.Body.FlushAsync();
            await goOn.Task;
            await context.Response.WriteAsync("o\n\nlast without an end");
        });
        var lines = new List<string>();
        await foreach (var line in _client.FollowLogAsync("shop", "a", new LogFollowOptions { TailLines = 5 }, _deadline.Token))
        {
            lines.Add(line.Text);
            goOn.TrySetResult();
        }

        Assert.Equal(["one", "two", "", "last without an end"], lines);
        Assert.Equal("?follow=true&tailLines=5", _server.Of(Log).Single().Query);
    }

    [Fact]
    public async Task Megabyte_lines_are_cut_and_what_is_not_text_does_no_harm()
    {
        _server.On(Log, async context =>
        {
            await context.Response.WriteAsync("short\n" + new string('x', 3 << 20) + "\n");
            await context.Response.Body.WriteAsync(new byte[] { 0xff, 0x00, 0x1b, (byte)'!', (byte)'\n' });
        });
        var lines = new List<PodLogLine>();
        await foreach (var line in _client.FollowLogAsync("shop", "a", new LogFollowOptions { MaxLineBytes = 1000 }, _deadline.Token))
            lines.Add(line);
        Assert.Equal([("short", false), (new string('x', 1000), true), ("\ufffd\0\u001b!", false)], lines.Select(l => (l.Text, l.IsCut)));
    }

    [Fact]
    public async Task A_log_ends_at_its_limit_and_when_the_caller_stops()
    {
        _server.On(Log, async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.WriteAsync("a line of twenty.....\n");
        });
        var count = 0;
        await foreach (var _ in _client.FollowLogAsync("shop", "a", new LogFollowOptions { MaxBytes = 2200 }, _deadline.Token))
            count++;
        Assert.Equal(100, count);
        await foreach (var _ in _client.FollowLogAsync("shop", "a", cancellationToken: _deadline.Token))
            break;
    }

    [Fact]
    public async Task A_log_that_breaks_off_is_an_error_and_one_that_is_not_there_says_so()
    {
        _server.On(Log, Answer.BrokenOff("one\n"), Answer.Status(400, "BadRequest", "container \"main\" is waiting to start"));
        await Assert.ThrowsAsync<KubernetesUnreachableException>(ReadAsync);
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(ReadAsync);
        Assert.Contains("waiting to start", refused.Message, StringComparison.Ordinal);

        async Task ReadAsync()
        {
            await foreach (var line in _client.FollowLogAsync("shop", "a", cancellationToken: _deadline.Token))
                Assert.Equal("one", line.Text);
        }
    }

    private static RequestDelegate Socket(string protocol, Func<WebSocket, Task> talk) => async context =>
    {
        Assert.Contains(protocol, context.WebSockets.WebSocketRequestedProtocols);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        await talk(socket);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The client has gone already.
        }
    };

    private static Task SendAsync(WebSocket socket, byte channel, string text) => socket.SendAsync(
        (byte[])[channel, .. Encoding.UTF8.GetBytes(text)], WebSocketMessageType.Binary, true, CancellationToken.None);

    private static async Task<byte[]> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[64 << 10];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
            length += received.Count;
            if (received.EndOfMessage || received.MessageType == WebSocketMessageType.Close)
                return buffer[..length];
        }
    }
}
