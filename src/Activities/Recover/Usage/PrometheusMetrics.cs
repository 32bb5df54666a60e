using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Reads from Prometheus, or what speaks its API: usage by one range query per resource, with a value per hour; denied requests as Istio
/// counts them.
/// </summary>
internal sealed class PrometheusMetrics(HttpClient http, IOptions<PrometheusOptions> options, TimeProvider time)
    : IUsageHistory, IDeniedRequests
{
    private const int MaxAnswerBytes = 4 << 20;
    private static readonly TimeSpan Step = TimeSpan.FromHours(1);

    public async Task<UsageHistory> ReadAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var selector = $"{{namespace=\"{query.Namespace}\",pod=~\"{query.Pods}\",container=\"{query.Container}\"}}";
        var cpu = await RangeAsync(
            $"max(quantile_over_time(0.95, rate(container_cpu_usage_seconds_total{selector}[5m])[1h:1m]))", query.Window,
            cancellationToken);
        var memory = await RangeAsync(
            $"max(max_over_time(container_memory_working_set_bytes{selector}[1h]))", query.Window, cancellationToken);
        return new UsageHistory(
            Math.Min(cpu.Count, memory.Count), cpu.DefaultIfEmpty().Max(), memory.DefaultIfEmpty().Max());
    }

    public async Task<decimal> DeniedAsync(string ns, string workload, CancellationToken cancellationToken)
    {
        var selector = $"{{destination_workload_namespace=\"{ns}\",destination_workload=\"{workload}\",response_code=\"403\"}}";
        var answer = await SendAsync("query", new() { ["query"] = $"sum(rate(istio_requests_total{selector}[1m]))" }, cancellationToken);
        if (answer.Text("data", "resultType") != "vector") throw new UsageException("it answered with no vector");
        return answer.Items("data", "result").Select(series => Value(series.At("value"))).OfType<decimal>().Sum();
    }

    private async Task<IReadOnlyList<decimal>> RangeAsync(string query, TimeSpan window, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var answer = await SendAsync("query_range", new()
        {
            ["query"] = query, ["start"] = Seconds(now - window + Step), ["end"] = Seconds(now),
            ["step"] = Step.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        }, cancellationToken);
        if (answer.Text("data", "resultType") != "matrix") throw new UsageException("it answered with no matrix");
        return [.. answer.Items("data", "result").SelectMany(series => series.At("values") as JsonArray ?? []).Select(Value)
            .OfType<decimal>()];
    }

    private async Task<JsonNode?> SendAsync(string path, Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.Timeout);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(settings.Url!.AbsoluteUri.TrimEnd('/') + "/api/v1/" + path));
            request.Content = new FormUrlEncodedContent(form);
            if (settings.TokenFile is { Length: > 0 } file)
            {
                var token = (await File.ReadAllTextAsync(file, limit.Token)).Trim();
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!answer.IsSuccessStatusCode) throw new UsageException(Workloads.Invariant($"it answered {(int)answer.StatusCode}"));
            if (answer.Content.Headers.ContentLength > MaxAnswerBytes) throw new UsageException("its answer is too long");
            await answer.Content.LoadIntoBufferAsync(MaxAnswerBytes, limit.Token);
            var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(limit.Token));
            return json.Text("status") == "success"
                ? json : throw new UsageException($"it answered '{SafeText.Line(json.Text("error") ?? "no success", 200)}'");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new UsageException(SafeText.Line(e.Message, EvidenceLimits.MessageLength));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UsageException(Workloads.Invariant($"it did not answer within {settings.Timeout.TotalSeconds:0} s"));
        }
    }

    private static decimal? Value(JsonNode? point) => point is JsonArray { Count: 2 } pair && decimal.TryParse(
        pair[1]?.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string Seconds(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}

/// <summary>Settings of Prometheus, section <c>Heal:Prometheus</c>; read at start.</summary>
public sealed class PrometheusOptions
{
    public const string Section = "Heal:Prometheus";

    /// <summary>Its root, for example http://prometheus:9090. Default: none, and actions that need a history are refused.</summary>
    public Uri? Url { get; set; }

    /// <summary>Of one question. Default 20 s, up to a minute.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>A file with a bearer token, read anew for each question. Default: none.</summary>
    public string? TokenFile { get; set; }
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class PrometheusOptionsValidator : IValidateOptions<PrometheusOptions>
{
    public ValidateOptionsResult Validate(string? name, PrometheusOptions options)
    {
        var faults = new List<string>();
        if (options.Url is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            faults.Add($"{PrometheusOptions.Section}:Url: expected an http or https URL, got '{options.Url}'.");
        }

        if (options.Timeout <= TimeSpan.Zero || options.Timeout > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{PrometheusOptions.Section}:Timeout: expected more than 0, up to a minute, got '{options.Timeout}'.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
