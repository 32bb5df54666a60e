using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Makes a typed exception of a refusal. Reads a bounded part of the answer and survives whatever it contains.</summary>
internal sealed partial class ErrorReader(int maxBytes, TimeProvider time)
{
    private const int MaxMessage = 2000;
    private const int MaxCauses = 50;

    public async Task<KubernetesApiException> ReadAsync(
        HttpResponseMessage response, ApiCall call, string resource, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(response, cancellationToken);
        var status = ParseStatus(body);
        return Create(call, resource, response.StatusCode, status, status is null ? Readable(body) : null, RetryAfter(response, status));
    }

    /// <summary>For a Status that came inside a watch stream.</summary>
    public static KubernetesApiException FromWatch(ApiCall call, string resource, StatusDocument status) =>
        Create(call, resource, (HttpStatusCode)status.Code, status, null, AsTime(status.Details?.RetryAfterSeconds));

    public static KubernetesNotFoundException KindNotServed(string verb, ResourceKind kind) => new(new KubernetesApiError
    {
        StatusCode = HttpStatusCode.NotFound,
        Reason = "NotFound",
        Verb = verb,
        Resource = kind.ToString(),
        ServerMessage = $"the server does not serve kind '{kind.Kind}' of group '{kind.Group}'"
            + (kind.Version is null ? string.Empty : $" in version '{kind.Version}'") + ". Is its CustomResourceDefinition installed?",
    }, isAboutObject: false);

    private static KubernetesApiException Create(
        ApiCall call, string resource, HttpStatusCode code, StatusDocument? status, string? text, TimeSpan? retryAfter)
    {
        var error = new KubernetesApiError
        {
            StatusCode = code,
            Reason = status?.Reason ?? string.Empty,
            ServerMessage = Bound(status?.Message ?? text ?? string.Empty),
            Causes = [.. (status?.Details?.Causes ?? []).Take(MaxCauses)
                .Select(c => new StatusCause(c.Reason ?? string.Empty, Bound(c.Message ?? string.Empty), c.Field ?? string.Empty))],
            RetryAfter = retryAfter,
            Verb = call.Verb,
            Resource = resource,
        };
        error = error with
        {
            Refusal = RefusalReader.Read(code, error.ServerMessage, error.Causes),
            IsStorageFailure = RefusalReader.IsStorageFailure(code, error.ServerMessage),
        };
        return code switch
        {
            HttpStatusCode.NotFound => new KubernetesNotFoundException(error, isAboutObject: !string.IsNullOrEmpty(status?.Details?.Name)),
            HttpStatusCode.Conflict => new KubernetesConflictException(error, FieldConflicts(error.Causes)),
            HttpStatusCode.Forbidden => new KubernetesForbiddenException(error, Missing(call, error.ServerMessage)),
            _ => new KubernetesApiException(error),
        };
    }

    private static FieldConflict[] FieldConflicts(IReadOnlyList<StatusCause> causes) =>
        [.. causes.Where(c => c.Reason == "FieldManagerConflict")
            .Select(c => new FieldConflict(QuotedManager().Match(c.Message).Groups["manager"].Value, c.Field))];

    // Quotas and admission rules answer 403 too; only the authorizer's message has these words.
    private static MissingPermission? Missing(ApiCall call, string message)
    {
        var match = Subject().Match(message);
        return match.Success
            ? new MissingPermission(
                // The authorizer's verb: a command in a container is "get" to older servers and "create" to newer ones.
                match.Groups["user"].Value, match.Groups["verb"].Value, call.Group, call.Resource, call.Namespace)
            : null;
    }

    private async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[maxBytes];
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return buffer[..length];
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // The status line already says that the call failed; the words are lost.
            return [];
        }
    }

    private static StatusDocument? ParseStatus(byte[] body)
    {
        try
        {
            var status = JsonSerializer.Deserialize<StatusDocument>(body, KubernetesJson.Options);
            return status?.Kind == "Status" ? status : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response, StatusDocument? status)
    {
        var header = response.Headers.RetryAfter;
        if (header?.Delta is { } delta)
            return delta;
        if (header?.Date is { } date)
            return date > time.GetUtcNow() ? date - time.GetUtcNow() : TimeSpan.Zero;
        return AsTime(status?.Details?.RetryAfterSeconds);
    }

    private static TimeSpan? AsTime(int? seconds) => seconds > 0 ? TimeSpan.FromSeconds(seconds.Value) : null;

    private static string Readable(byte[] body) =>
        new([.. Encoding.UTF8.GetString(body).Select(c => char.IsControl(c) ? ' ' : c)]);

    // A server that refuses a value repeats it first and says at the end what is wrong with it.
    private static string Bound(string text) =>
        text.Length <= MaxMessage ? text.Trim() : $"{text[..(MaxMessage / 2)]} ... {text[^(MaxMessage / 2)..]}";

    [GeneratedRegex("conflict with \"(?<manager>([^\"\\\\]|\\\\.)*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex QuotedManager();

    [GeneratedRegex("User \"(?<user>[^\"]*)\" cannot (?<verb>[a-z]+) ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Subject();
}

/// <summary>The API's own form of an error (kind Status).</summary>
internal sealed class StatusDocument
{
    public string? Kind { get; init; }
    public int Code { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public StatusDetails? Details { get; init; }
}

internal sealed class StatusDetails
{
    public string? Name { get; init; }
    public int? RetryAfterSeconds { get; init; }
    public List<StatusCauseDocument>? Causes { get; init; }
}

internal sealed class StatusCauseDocument
{
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public string? Field { get; init; }
}
