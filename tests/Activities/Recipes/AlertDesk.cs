using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Heal.Activities.Tests;

/// <summary>
/// What answers like Alertmanager over HTTP, as far as silences go, and like a receiver of messages that knows repeated ones by their key.
/// </summary>
internal sealed class AlertDesk : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, JsonObject> _silences = new(StringComparer.Ordinal);
    private readonly HttpClient _http = new();
    private WebApplication? _app;

    /// <summary>By namespace, how many alerts "WebDown" fire there.</summary>
    public ConcurrentDictionary<string, int> Firing { get; } = new(StringComparer.Ordinal);

    /// <summary>By idempotency key, what was received.</summary>
    public ConcurrentDictionary<string, JsonObject> Messages { get; } = new(StringComparer.Ordinal);

    /// <summary>How often anything was posted to the receiver, repetitions included.</summary>
    public int Posts { get; private set; }

    /// <summary>What the receiver answers.</summary>
    public int Status { get; set; } = 200;

    public NotifyOptions Notify { get; } = new();

    public Uri Url => new(_app!.Urls.First());

    public IMessenger NewMessenger() => new WebhookMessenger(_http, Options.Create(Notify));

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
        (Notify.Url, Notify.TicketUrl) = (new Uri($"{_app.Urls.First()}/people"), new Uri($"{_app.Urls.First()}/tickets"));
    }

    /// <summary>The silences of a namespace that are in force.</summary>
    public IReadOnlyList<JsonObject> InForce(string ns) =>
        [.. _silences.Values.Where(item => IsInForce(item) && Matches(item, "namespace", ns))];

    /// <summary>Somebody ends every silence of a namespace.</summary>
    public void EndAll(string ns)
    {
        foreach (var silence in InForce(ns)) End(silence);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_app is not null) await _app.DisposeAsync();
    }

    private Task HandleAsync(HttpContext http) => (http.Request.Method, http.Request.Path.Value!.Split('/')[^1]) switch
    {
        ("GET", "silences") => ListAsync(http),
        ("POST", "silences") => CreateAsync(http),
        ("GET", "alerts") => AlertsAsync(http),
        ("DELETE", var id) => EndAsync(http, id),
        ("POST", "people" or "tickets") => ReceiveAsync(http),
        _ => AnswerAsync(http, 404, "\"nothing is here\""),
    };

    private Task ListAsync(HttpContext http)
    {
        var all = new JsonArray();
        foreach (var silence in _silences.Values)
        {
            var shown = silence.DeepClone().AsObject();
            shown["status"] = new JsonObject { ["state"] = IsInForce(silence) ? "active" : "expired" };
            all.Add(shown);
        }

        return AnswerAsync(http, 200, all.ToJsonString());
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        if (!IsInForce(body))
        {
            await AnswerAsync(http, 400, "\"end time can't be in the past\"");
            return;
        }

        body["id"] = $"silence-{_silences.Count + 1}";
        _silences[(string)body["id"]!] = body;
        await AnswerAsync(http, 200, new JsonObject { ["silenceID"] = (string)body["id"]! }.ToJsonString());
    }

    private Task AlertsAsync(HttpContext http)
    {
        var wanted = http.Request.Query["filter"].Select(filter => filter!.Split('=', 2))
            .ToDictionary(part => part[0], part => part[1].Trim('"'), StringComparer.Ordinal);
        var ns = wanted.GetValueOrDefault("namespace", "");
        var count = wanted.GetValueOrDefault("alertname") == "WebDown" && InForce(ns).Count == 0 ? Firing.GetValueOrDefault(ns) : 0;
        var alerts = new JsonArray([.. Enumerable.Range(0, count).Select(_ => (JsonNode)new JsonObject())]);
        return AnswerAsync(http, 200, alerts.ToJsonString());
    }

    private Task EndAsync(HttpContext http, string id)
    {
        if (_silences.TryGetValue(id, out var silence) && IsInForce(silence)) End(silence);
        return AnswerAsync(http, 200, "");
    }

    private async Task ReceiveAsync(HttpContext http)
    {
        Posts++;
        var message = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        if (Status == 200) Messages[http.Request.Headers["Idempotency-Key"].ToString()] = message;
        await AnswerAsync(http, Status, """{"id":"T-17"}""");
    }

    private static Task AnswerAsync(HttpContext http, int status, string body)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsync(body);
    }

    private static void End(JsonObject silence) =>
        silence["endsAt"] = DateTime.UtcNow.AddSeconds(-1).ToString("o", CultureInfo.InvariantCulture);

    private static bool IsInForce(JsonObject silence) =>
        DateTimeOffset.Parse((string)silence["endsAt"]!, CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow;

    private static bool Matches(JsonObject silence, string label, string value) =>
        silence.Items("matchers").Any(matcher => matcher.Text("name") == label && matcher.Text("value") == value);
}
