using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>The door that a signal came through.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SignalSource>))]
public enum SignalSource
{
    Webhook,
    Queue,
    Reconcile,
    Manual,

    /// <summary>A detector of ours saw it before any alert.</summary>
    Watch,
}

/// <summary>
/// An alert, or a person's request, on its way to the incident of its target. The same alert has the same id whichever door it takes and
/// however often it is sent, so that its second arrival is known to be one.
/// </summary>
/// <param name="Id">Hash of the alert's fingerprint, start and status.</param>
/// <param name="Workflow">The workflow that a person asked for by name; null lets the alert choose.</param>
/// <param name="Target">The target that a person or a detector named; null lets the alert's labels say.</param>
/// <param name="CorrelationId">The request or message that brought it, for the logs.</param>
/// <param name="TraceParent">The trace that brought it (W3C), so that the trace of its incident goes on with it.</param>
public sealed record Signal(
    string Id,
    Alert Alert,
    SignalSource Source,
    DateTimeOffset ReceivedAt,
    string? CorrelationId = null,
    string? Workflow = null,
    TargetCandidate? Target = null,
    string? TraceParent = null)
{
    private const string ManualAlertName = "ManualRequest";
    private const int IdBytes = 16;

    /// <summary>The id of the orchestration that routes this signal, when it has one of its own.</summary>
    [JsonIgnore]
    public string InstanceId => $"signal-{Id}";

    public static Signal Of(
        Alert alert, SignalSource source, DateTimeOffset receivedAt, string? correlationId = null, string? traceParent = null) =>
        new(IdOf(alert.Fingerprint, alert.StartsAt, alert.Status.ToString()), alert, source, receivedAt, correlationId,
            TraceParent: traceParent);

    /// <param name="requestId">Chosen by the caller; the same id twice is the same request.</param>
    public static Signal Manual(
        string workflow, TargetCandidate target, string requestId, DateTimeOffset receivedAt, string? traceParent = null)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["alertname"] = ManualAlertName };
        var alert = new Alert(ManualAlertName, AlertStatus.Firing, labels, new Dictionary<string, string>(), receivedAt, null, requestId);
        var id = IdOf($"{workflow}\n{target.Kind}\n{target.Namespace}\n{target.Name}\n{requestId}", default, nameof(SignalSource.Manual));
        return new Signal(id, alert, SignalSource.Manual, receivedAt, requestId, workflow, target, traceParent);
    }

    // Milliseconds: the webhook and the API of Alertmanager print the same time with the same precision, other producers may not.
    private static string IdOf(string fingerprint, DateTimeOffset startsAt, string status)
    {
        var text = $"{fingerprint}\n{startsAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}\n{status}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, IdBytes));
    }
}
