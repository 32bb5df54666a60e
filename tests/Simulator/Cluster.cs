using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>A simulator of its own for one test, with a client that speaks plain HTTP to it.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SimulatorServer _server;

    private Cluster(SimulatorServer server)
    {
        _server = server;
        Http = new HttpClient { BaseAddress = new Uri(server.Url), Timeout = Patience };
    }

    public HttpClient Http { get; }
    public string Url => _server.Url;

    public static async Task<Cluster> StartAsync(Func<SimulatorOptions, SimulatorOptions>? change = null)
    {
        var options = new SimulatorOptions { Speed = 100, RandomSeed = 7 };
        return new Cluster(await SimulatorServer.StartAsync(change?.Invoke(options) ?? options));
    }

    public static Task<Cluster> StartDemoAsync(double speed = 100)
        => StartAsync(o => o with { Speed = speed, Objects = DemoSeed.Objects, Faults = DemoSeed.Faults });

    public async Task<(int Code, JsonNode? Body)> SendAsync(
        string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : text);
    }

    public async Task<JsonNode> OkAsync(string method, string path, string? body = null, string type = "application/json")
    {
        var (code, answer) = await SendAsync(method, path, body, type);
        Assert.True(code is >= 200 and < 300, $"{method} {path}: {code} {answer?.ToJsonString()}");
        return answer!;
    }

    /// <summary>Watches from the beginning until an event satisfies the condition, and returns its object.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        JsonNode? last = null;
        try
        {
            await foreach (var e in WatchAsync(path, limit.Token))
            {
                last = e["object"];
                if ((string?)e["type"] != "DELETED" && condition(last!))
                    return last!;
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below, with what was seen last.
        }
        throw new TimeoutException($"{path}: not reached in {Patience.TotalSeconds} s; last seen {last?.ToJsonString()}");
    }

    public async IAsyncEnumerable<JsonNode> WatchAsync(
        string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var joined = $"{path}{(path.Contains('?') ? '&' : '?')}watch=true";
        using var response = await Http.GetAsync(joined, HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
            yield return JsonNode.Parse(line)!;
    }

    public Task<JsonNode> UntilRolledOutAsync(string ns, string name)
        => UntilAsync($"/apis/apps/v1/namespaces/{ns}/deployments?fieldSelector=metadata.name={name}", d =>
            (long?)d["status"]?["observedGeneration"] == (long?)d["metadata"]!["generation"]
            && (long?)d["status"]?["availableReplicas"] == (long?)d["spec"]!["replicas"]
            && (long?)d["status"]?["updatedReplicas"] == (long?)d["spec"]!["replicas"]
            && (long?)d["status"]?["replicas"] == (long?)d["spec"]!["replicas"]);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
    }
}
