using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// A piece of an API object. Fields that a model does not name are kept and written back, so that read-change-replace loses nothing.
/// </summary>
public abstract record KubernetesModel
{
    /// <summary>Fields without a property of their own, by JSON name; null when there are none.</summary>
    // Not a JsonObject: the serializer of .NET 10 writes that as a nested object without a name, which is no JSON.
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? OtherFields { get; init; }

    /// <summary>A field without a property of its own, at any depth: Field("status", "phase"). Null when it is not there.</summary>
    public JsonElement? Field(string name, params ReadOnlySpan<string> path)
    {
        if (OtherFields is null || !OtherFields.TryGetValue(name, out var value))
            return null;
        foreach (var step in path)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(step, out value))
                return null;
        }

        return value;
    }
}

/// <summary>Any API object; used as it is for kinds without a model (spec and the rest are in OtherFields).</summary>
public record KubernetesObject : KubernetesModel
{
    private string? _apiVersion;
    private string? _kind;
    private ObjectMeta _metadata = new();

    /// <summary>Group and version, e.g. "apps/v1". The client fills it in, also when it writes.</summary>
    public string? ApiVersion
    {
        get => _apiVersion;
        init => _apiVersion = value;
    }

    /// <summary>E.g. "Deployment". The client fills it in, also when it writes.</summary>
    public string? Kind
    {
        get => _kind;
        init => _kind = value;
    }

    public ObjectMeta Metadata
    {
        get => _metadata;
        init => _metadata = value;
    }

    /// <summary>True when parts were left out as it was read (<see cref="ObjectTrim"/>): it must not be written back as a whole.</summary>
    [JsonIgnore]
    public bool IsTrimmed { get; private set; }

    /// <summary>Reads an object from JSON.</summary>
    /// <exception cref="JsonException">A field has another type than the model's.</exception>
    public static T FromJson<T>(JsonNode json) where T : KubernetesObject => KubernetesJson.FromNode<T>(json);

    /// <summary>The object as the API server writes it.</summary>
    public JsonObject ToJson() => KubernetesJson.ToNode(this);

    /// <summary>The items of a typed list come without these two, and what was asked for as metadata only under another name.</summary>
    internal void FillType(ApiResource resource)
    {
        if (_kind == "PartialObjectMetadata")
            (_apiVersion, _kind, IsTrimmed) = (null, null, true);
        _apiVersion ??= resource.ApiVersion;
        _kind ??= resource.Kind;
    }

    /// <summary>Leaves out what the trim says; managedFields were passed over by the reader.</summary>
    internal void Trim(ObjectTrim trim)
    {
        IsTrimmed = true;
        if (trim.MaxAnnotationLength is { } longest && _metadata.Annotations is { } all && all.Any(a => a.Value?.Length > longest))
        {
            _metadata = _metadata with
            {
                Annotations = all.Where(a => !(a.Value?.Length > longest)).ToDictionary(StringComparer.Ordinal),
            };
        }

        foreach (var field in trim.Fields)
            OtherFields?.Remove(field);
    }

    public sealed override string ToString() =>
        Metadata.Namespace is null ? $"{Kind} {Metadata.Name}" : $"{Kind} {Metadata.Namespace}/{Metadata.Name}";
}
