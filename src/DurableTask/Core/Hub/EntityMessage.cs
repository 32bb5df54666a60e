using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace DurableTask.Core.Hub;

/// <summary>
/// What an entity is asked: to do an operation, to let an orchestration into a critical section, or to let it out. The stored form is
/// JSON; it is also the input of the <see cref="History.EventSentEvent"/> by which an orchestration sent it.
/// </summary>
public sealed record EntityMessage
{
    /// <summary>The name of the event that carries an operation or a lock request; a scheduled one has "@" and its time after it.</summary>
    public const string RequestName = "op";

    /// <summary>The name of the event that carries a release.</summary>
    public const string ReleaseName = "release";

    /// <summary>The operation's name; null for lock requests and releases.</summary>
    [JsonPropertyName("op")]
    public string? Operation { get; init; }

    /// <summary>True when nobody waits for the result.</summary>
    [JsonPropertyName("signal")]
    public bool IsSignal { get; init; }

    /// <summary>The operation's input, as the sender's converter wrote it.</summary>
    [JsonPropertyName("input")]
    public string? Input { get; init; }

    /// <summary>The request's id; the answer is an event of this name. For a release, the id of the lock request.</summary>
    [JsonPropertyName("id")]
    public string? Id { get; init; }

    /// <summary>The orchestration (or entity) that sent the message; null for clients.</summary>
    [JsonPropertyName("parent")]
    public string? ParentInstanceId { get; init; }

    /// <summary>The execution of the orchestration that sent the message: no other one receives the answer.</summary>
    [JsonPropertyName("parentExecution")]
    public string? ParentExecutionId { get; init; }

    /// <summary>When to deliver the message, in UTC; null for at once.</summary>
    [JsonPropertyName("due")]
    public DateTime? DueAt { get; init; }

    /// <summary>Of a lock request: the ids of all entities to lock, in the order in which they are locked.</summary>
    [JsonPropertyName("lockset")]
    public IReadOnlyList<string>? LockSet { get; init; }

    /// <summary>Of a lock request: which of <see cref="LockSet"/> is asked.</summary>
    [JsonPropertyName("pos")]
    public int Position { get; init; }

    /// <summary>W3C trace context of the sender.</summary>
    [JsonPropertyName("trace")]
    public TraceParent? Trace { get; init; }

    [JsonIgnore]
    public bool IsLockRequest => LockSet is not null;

    [JsonIgnore]
    public bool IsRelease => Operation is null && LockSet is null;

    /// <summary>The execution on whose behalf the message was sent; null for clients and entities.</summary>
    [JsonIgnore]
    public EntityLockHolder? Sender => ParentInstanceId is { } id && ParentExecutionId is { } execution ? new(id, execution) : null;

    /// <summary>Why this is no message, although it could be read; null when it is one.</summary>
    [JsonIgnore]
    internal string? Fault =>
        Operation is not null ? null
        : Sender is null ? "It names neither an operation nor the orchestration that wants in or out."
        : IsLockRequest && (Position < 0 || Position >= LockSet!.Count) ? $"It asks for entity {Position} of {LockSet!.Count}, from 0."
        : null;

    public string Serialize() => JsonSerializer.Serialize(this, EntityJson.Message);

    /// <exception cref="JsonException">The text is not a message that this version knows.</exception>
    public static EntityMessage Deserialize(string json) =>
        JsonSerializer.Deserialize(json, EntityJson.Message)
        ?? throw new JsonException("An entity message is stored as null.");

    /// <summary>Of a text that is no message of this version: who waits for an answer, as far as it says so in the form that this version
    /// knows.</summary>
    internal static EntityMessage ReadSender(string json)
    {
        try
        {
            using var parsed = JsonDocument.Parse(json);
            return new()
            {
                IsSignal = parsed.RootElement.TryGetProperty("signal", out var signal) && signal.ValueKind == JsonValueKind.True,
                Id = Text("id"),
                ParentInstanceId = Text("parent"),
                ParentExecutionId = Text("parentExecution"),
            };

            string? Text(string name) =>
                parsed.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                    ? value.GetString()
                    : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return new();
        }
    }
}

/// <summary>The execution that has an entity in a critical section.</summary>
public sealed record EntityLockHolder(string InstanceId, string ExecutionId);

/// <summary>The answer to a call or to a lock request. The stored form is JSON, in the input of an
/// <see cref="History.EventRaisedEvent"/> whose name is the request's id.</summary>
public sealed record EntityResponse
{
    /// <summary>The operation's result, as the worker's converter wrote it; null for none.</summary>
    [JsonPropertyName("result")]
    public string? Result { get; init; }

    /// <summary>Why the operation failed; null when it did not.</summary>
    [JsonPropertyName("failureDetails")]
    public FailureDetails? Failure { get; init; }

    public string Serialize() => JsonSerializer.Serialize(this, EntityJson.Response);

    /// <exception cref="JsonException">The text is not a response that this version knows.</exception>
    public static EntityResponse Deserialize(string json) =>
        JsonSerializer.Deserialize(json, EntityJson.Response)
        ?? throw new JsonException("An entity's response is stored as null.");
}

/// <summary>How entity messages are written: as history events are, see <see cref="History.HistorySerializer"/>.</summary>
internal static class EntityJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // FailureDetails.Properties may hold values of any type: those the generated code does not know go the slow way.
        TypeInfoResolver = JsonTypeInfoResolver.Combine(EntityJsonContext.Default, new DefaultJsonTypeInfoResolver()),
    };

    public static readonly JsonTypeInfo<EntityMessage> Message = (JsonTypeInfo<EntityMessage>)Options.GetTypeInfo(typeof(EntityMessage));
    public static readonly JsonTypeInfo<EntityResponse> Response =
        (JsonTypeInfo<EntityResponse>)Options.GetTypeInfo(typeof(EntityResponse));
}

[JsonSerializable(typeof(EntityMessage))]
[JsonSerializable(typeof(EntityResponse))]
internal sealed partial class EntityJsonContext : JsonSerializerContext;
