using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Silences by version 2 of Alertmanager's API.</summary>
/// <param name="root">Setting <c>Heal:Alerts:AlertmanagerUrl</c>.</param>
/// <param name="cluster">Only alerts of this cluster are counted and silenced; null: Alertmanager knows no other.</param>
/// <param name="timeout">Of one call, setting <c>Heal:Alerts:AlertmanagerTimeout</c>; null: <see cref="DefaultTimeout"/>.</param>
internal sealed partial class AlertmanagerSilences(
    HttpClient http, Uri root, Func<ClusterNames>? cluster = null, TimeSpan? timeout = null) : ISilences
{
    /// <summary>By whom, for Alertmanager.</summary>
    public const string Creator = "heal";

    /// <summary>Of one call, where the settings give no other.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    private const int MaxAnswerBytes = 16 << 20;

    private readonly TimeSpan _timeout = timeout ?? DefaultTimeout;

    public async Task<IReadOnlyList<Silence>> OursAsync(CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, "silences", null, cancellationToken) as JsonArray
            ?? throw new SilenceException("expected a list of silences");
        return
        [
            .. from item in answer.OfType<JsonObject>()
               where item.Text("createdBy") == Creator && item.Text("id") is not null
               select new Silence(
                   item.Text("id")!, item.Text("status", "state") == "expired", item.Text("comment") ?? "", Time(item.Text("endsAt"))),
        ];
    }

    public async Task<int> CountFiringAsync(IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken)
    {
        var filters = MatchersOf(labels).Select(matcher => $"&filter={Uri.EscapeDataString(
            $"{matcher.Label}{(matcher.IsRegex ? "=~" : "=")}{JsonValue.Create(matcher.Value).ToJsonString()}")}");
        var path = $"alerts?active=true&silenced=false&inhibited=true&unprocessed=false{string.Concat(filters)}";
        return await SendAsync(HttpMethod.Get, path, null, cancellationToken) is JsonArray alerts
            ? alerts.Count : throw new SilenceException("expected a list of alerts");
    }

    public async Task<string> CreateAsync(
        IReadOnlyDictionary<string, string> labels, DateTimeOffset endsAt, string comment, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["matchers"] = new JsonArray([.. MatchersOf(labels).Select(matcher => (JsonNode)new JsonObject
            {
                ["name"] = matcher.Label, ["value"] = matcher.Value, ["isRegex"] = matcher.IsRegex, ["isEqual"] = true,
            })]),

            // A beginning in the past is taken for now, whatever the two clocks say.
            ["startsAt"] = Text(DateTimeOffset.UnixEpoch), ["endsAt"] = Text(endsAt), ["createdBy"] = Creator, ["comment"] = comment,
        };
        var answer = await SendAsync(HttpMethod.Post, "silences", body, cancellationToken);
        return answer.Text("silenceID") ?? throw new SilenceException("expected the id of the silence");
    }

    public async Task EndAsync(string id, CancellationToken cancellationToken) =>
        await SendAsync(HttpMethod.Delete, $"silence/{Uri.EscapeDataString(id)}", null, cancellationToken);

    // One Alertmanager may serve several clusters, in which the same names stand for other objects. An alert without the label is ours, as
    // it is when it arrives.
    private IEnumerable<(string Label, string Value, bool IsRegex)> MatchersOf(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (label, value) in labels) yield return (label, value, false);
        if (cluster?.Invoke() is { AreCompared: true } ours && !labels.ContainsKey(ours.Label))
        {
            yield return (ours.Label, string.Join('|', ours.Values.Select(value => Special().Replace(value, @"\$0")).Prepend("")), true);
        }
    }

    private async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            using var request = new HttpRequestMessage(method, new Uri($"{root.AbsoluteUri.TrimEnd('/')}/api/v2/{path}"));
            if (body is not null) request.Content = JsonContent.Create(body);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            await answer.Content.LoadIntoBufferAsync(MaxAnswerBytes, limit.Token);
            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                throw new SilenceException(Workloads.Invariant($"it answered {(int)answer.StatusCode}: {SafeText.Line(text, 200)}"));
            }

            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            throw new SilenceException(SafeText.Line(e.Message, EvidenceLimits.MessageLength));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SilenceException(Workloads.Invariant($"no answer within {_timeout.TotalSeconds:0.#} s"));
        }
    }

    // What means something in the expressions of Alertmanager, which are Go's: it refuses a backslash before anything else.
    [GeneratedRegex(@"[\\.+*?()|\[\]{}^$]", RegexOptions.None, 1000)]
    private static partial Regex Special();

    private static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : default;
}
