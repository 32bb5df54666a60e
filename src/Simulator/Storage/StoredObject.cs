using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Storage;

/// <summary>
/// One committed version of an object. <see cref="Json"/> is frozen: readers on any thread share it, a writer takes a copy.
/// </summary>
internal sealed class StoredObject
{
    private byte[]? _utf8;

    public StoredObject(ResourceType type, JsonObject json, long version)
    {
        json.Materialize();
        Type = type;
        Json = json;
        Version = version;
        Key = new ObjectKey(type, json.Namespace(), json.Name());
    }

    public ResourceType Type { get; }
    public JsonObject Json { get; }
    public long Version { get; }
    public ObjectKey Key { get; }

    /// <summary>The wire form, made once: many watchers send the same bytes.</summary>
    public byte[] Utf8 => _utf8 ??= System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(Json, Wire.Options);

    public JsonObject Copy() => Json.Copy();
}

/// <summary>Which object: type, namespace (empty for cluster-scoped types) and name.</summary>
internal sealed record ObjectKey(ResourceType Type, string Namespace, string Name);
