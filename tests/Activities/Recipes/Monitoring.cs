using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>What answers like Prometheus over HTTP, as far as its two questions go: usage by the hour, with as many hours as it was told,
/// and denied requests.</summary>
internal sealed partial class Monitoring : IAsyncDisposable
{
    private WebApplication? _app;

    /// <summary>By namespace: what was used, for how many hours it is known, and which pods (a name that must match) it is of.</summary>
    public ConcurrentDictionary<string, (double Cpu, double Memory, int Hours, string Pod)> Used { get; } = new(StringComparer.Ordinal);

    /// <summary>By namespace: requests per second that are answered with 403.</summary>
    public ConcurrentDictionary<string, double> Denied { get; } = new(StringComparer.Ordinal);

    public Uri Url => new(_app!.Urls.First());

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path == "/api/v1/query")
        {
            await DeniedAsync(http);
            return;
        }

        if (http.Request.Path != "/api/v1/query_range")
        {
            http.Response.StatusCode = 404;
            return;
        }

        var form = await http.Request.ReadFormAsync();
        var (query, series) = (form["query"].ToString(), new JsonArray());
        var ns = Labels().Match(query);
        if (Used.TryGetValue(ns.Groups["ns"].Value, out var used) && Regex.IsMatch(used.Pod, $"^(?:{ns.Groups["pods"].Value})$"))
        {
            var value = query.Contains("cpu", StringComparison.Ordinal) ? used.Cpu : used.Memory;
            var end = long.Parse(form["end"].ToString(), CultureInfo.InvariantCulture);
            var points = Enumerable.Range(0, used.Hours).Select(hour => (JsonNode)new JsonArray(
                end - (hour * 3600L), (value * (hour == 3 ? 1 : 0.5)).ToString(CultureInfo.InvariantCulture)));
            series.Add(new JsonObject { ["metric"] = new JsonObject(), ["values"] = new JsonArray([.. points]) });
        }

        await http.Response.WriteAsync(new JsonObject
        {
            ["status"] = "success", ["data"] = new JsonObject { ["resultType"] = "matrix", ["result"] = series },
        }.ToJsonString());
    }

    private async Task DeniedAsync(HttpContext http)
    {
        var query = (await http.Request.ReadFormAsync())["query"].ToString();
        var ns = Denials().Match(query).Groups["ns"].Value;
        var result = new JsonArray();
        if (Denied.TryGetValue(ns, out var rate))
        {
            result.Add(new JsonObject { ["value"] = new JsonArray(1, rate.ToString(CultureInfo.InvariantCulture)) });
        }

        await http.Response.WriteAsync(new JsonObject
        {
            ["status"] = "success", ["data"] = new JsonObject { ["resultType"] = "vector", ["result"] = result },
        }.ToJsonString());
    }

    [GeneratedRegex(
        """istio_requests_total{destination_workload_namespace="(?<ns>[^"]+)",destination_workload="web",response_code="403"}""",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Denials();

    [GeneratedRegex("""namespace="(?<ns>[^"]+)",pod=~"(?<pods>[^"]+)",container="app"}""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Labels();
}
