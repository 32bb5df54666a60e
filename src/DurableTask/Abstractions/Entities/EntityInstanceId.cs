using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.DurableTask.Entities;

/// <summary>Names one entity: the entity's name (in lower case) and a key. Its text, in JSON too, is <c>@name@key</c>.</summary>
[JsonConverter(typeof(EntityInstanceIdJsonConverter))]
public readonly record struct EntityInstanceId
{
    private readonly string? _name;
    private readonly string? _key;

    /// <summary>Creates an id.</summary>
    /// <param name="name">The entity's name; becomes lower case.</param>
    /// <param name="key">Which of the entities of that name; may be empty.</param>
    /// <exception cref="ArgumentException">The name is empty or contains '@'.</exception>
    public EntityInstanceId(string name, string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(key);
        if (name.Contains('@', StringComparison.Ordinal))
        {
            throw new ArgumentException($"Entity name: expected a text without '@', got '{name}'.", nameof(name));
        }

        _name = name.ToLowerInvariant();
        _key = key;
    }

    /// <summary>The entity's name, in lower case.</summary>
    public string Name => _name ?? "";

    /// <summary>Which of the entities of that name.</summary>
    public string Key => _key ?? "";

    /// <summary>Reads <c>@name@key</c>.</summary>
    /// <exception cref="ArgumentException">The text has another form.</exception>
    public static EntityInstanceId FromString(string instanceId)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        var second = instanceId.StartsWith('@') ? instanceId.IndexOf('@', 1) : -1;
        return second > 1
            ? new EntityInstanceId(instanceId[1..second], instanceId[(second + 1)..])
            : throw new ArgumentException($"Entity id: expected '@name@key', got '{instanceId}'.", nameof(instanceId));
    }

    public bool Equals(EntityInstanceId other) =>
        string.Equals(Name, other.Name, StringComparison.Ordinal) && string.Equals(Key, other.Key, StringComparison.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Name, Key);

    public override string ToString() => $"@{Name}@{Key}";

    private sealed class EntityInstanceIdJsonConverter : JsonConverter<EntityInstanceId>
    {
        public override EntityInstanceId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            try
            {
                return FromString(text ?? throw new JsonException($"Entity id: expected a string '@name@key', got {reader.TokenType}."));
            }
            catch (ArgumentException e)
            {
                throw new JsonException(e.Message, e);
            }
        }

        public override void Write(Utf8JsonWriter writer, EntityInstanceId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
