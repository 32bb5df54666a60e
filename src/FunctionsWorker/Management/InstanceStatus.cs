using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker.Management;

/// <summary>An instance as the management API shows it; payloads are JSON values, not strings of JSON; times in whole seconds.</summary>
internal sealed record InstanceStatus(
    string Name,
    string InstanceId,
    string RuntimeStatus,
    JsonNode? Input,
    JsonNode? CustomStatus,
    JsonNode? Output,
    string CreatedTime,
    string LastUpdatedTime,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Tags)
{
    public static InstanceStatus Of(OrchestrationMetadata instance, bool showInput) => new(
        instance.Name,
        instance.InstanceId,
        instance.RuntimeStatus.ToString(),
        showInput ? Value(instance.SerializedInput) : null,
        Value(instance.SerializedCustomStatus),
        Value(instance.SerializedOutput) ?? Failure(instance),
        Seconds(instance.CreatedAt),
        Seconds(instance.LastUpdatedAt),
        instance.Tags.Count > 0 ? instance.Tags : null);

    internal static JsonNode? Value(string? json)
    {
        try
        {
            return json is null ? null : JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            // A converter of the application's own may not write JSON.
            return JsonValue.Create(json);
        }
    }

    // "type: message": who reads it without the details tells a task's failure from an entity's by the type.
    private static JsonValue? Failure(OrchestrationMetadata instance) =>
        JsonValue.Create(instance.FailureDetails?.ToString());

    internal static string Seconds(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
