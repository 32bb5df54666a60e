using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Messages by POST to a webhook, as JSON. What the receiver answers as id, key or number is kept as its name for it.</summary>
internal sealed class WebhookMessenger(HttpClient http, IOptions<NotifyOptions> options) : IMessenger
{
    /// <summary>Receipts that are remembered; of older ones the ledger knows.</summary>
    public const int MaxReceipts = 10_000;

    private const int MaxAnswerBytes = 64 << 10;

    private readonly ConcurrentDictionary<(string Key, bool Resolves), string> _receipts = new();
    private readonly ConcurrentQueue<(string Key, bool Resolves)> _order = new();

    public string? Missing(bool ticket) => Url(ticket) is null
        ? $"{NotifyOptions.Section}:{(ticket ? nameof(NotifyOptions.TicketUrl) : nameof(NotifyOptions.Url))}" : null;

    public string? Receipt(string key, bool resolves) => _receipts.GetValueOrDefault((key, resolves));

    public async Task SendAsync(Message message, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Url(message.Ticket));
            request.Headers.Add("Idempotency-Key", $"{message.Key}{(message.Resolves ? "/resolve" : "")}");
            if (settings.TokenFile is { Length: > 0 } file)
            {
                var token = (await File.ReadAllTextAsync(file, limit.Token)).Trim();
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            request.Content = JsonContent.Create(new JsonObject
            {
                ["source"] = "heal", ["kind"] = message.Ticket ? "ticket" : "notification",
                ["action"] = message.Resolves ? "resolve" : "trigger", ["dedupKey"] = message.Key, ["title"] = message.Title,
                ["text"] = message.Text, ["target"] = message.Target, ["incidentId"] = message.IncidentId,
            });
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                var status = (int)answer.StatusCode;
                throw new MessageException(Workloads.Invariant($"its receiver answered {status}"), status is < 500 and not 408 and not 429);
            }

            Remember((message.Key, message.Resolves), await NameAsync(answer.Content, limit.Token) ?? message.Key);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException)
        {
            throw new MessageException(SafeText.Line(Scrubber.Scrub(e.Message), EvidenceLimits.MessageLength), isFinal: false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MessageException(Workloads.Invariant($"no answer within {settings.Timeout.TotalSeconds:0} s"), isFinal: false);
        }
    }

    private Uri? Url(bool ticket) => ticket ? options.Value.TicketUrl : options.Value.Url;

    private void Remember((string Key, bool Resolves) message, string name)
    {
        if (_receipts.TryAdd(message, name)) _order.Enqueue(message);
        while (_order.Count > MaxReceipts && _order.TryDequeue(out var oldest)) _receipts.TryRemove(oldest, out _);
    }

    // The message was taken: an answer that is too long, cut off or late leaves its name unknown, and is no reason to send it again.
    private static async Task<string?> NameAsync(HttpContent answer, CancellationToken cancellationToken)
    {
        try
        {
            await answer.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            return NameOf(await answer.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or OperationCanceledException)
        {
            return null;
        }
    }

    private static string? NameOf(string answer)
    {
        try
        {
            var json = answer.StartsWith('{') ? JsonNode.Parse(answer) : null;
            var name = json.Scalar("id") ?? json.Scalar("key") ?? json.Scalar("number");
            return name is null ? null : SafeText.Line(name, 100);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Settings of messages to people, section <c>Heal:Notify</c>; read at start.</summary>
public sealed class NotifyOptions
{
    public const string Section = "Heal:Notify";

    /// <summary>Where notifications and escalations are posted to. Default: none, and hand-offs are recorded and logged only.</summary>
    public Uri? Url { get; set; }

    /// <summary>Where tickets are opened. Default: none.</summary>
    public Uri? TicketUrl { get; set; }

    /// <summary>A file with a bearer token for both, read anew for each message. Default: none.</summary>
    public string? TokenFile { get; set; }

    /// <summary>Of one message. Default 15 s, up to a minute.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class NotifyOptionsValidator : IValidateOptions<NotifyOptions>
{
    public ValidateOptionsResult Validate(string? name, NotifyOptions options)
    {
        var faults = new List<string>();
        foreach (var (setting, url) in ((string, Uri?)[])
            [(nameof(options.Url), options.Url), (nameof(options.TicketUrl), options.TicketUrl)])
        {
            if (url is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            {
                faults.Add($"{NotifyOptions.Section}:{setting}: expected an http or https URL, got {SafeUrl.Server(url)}.");
            }
        }

        if (options.Timeout <= TimeSpan.Zero || options.Timeout > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{NotifyOptions.Section}:Timeout: expected more than 0, up to a minute, got '{options.Timeout}'.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
