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

    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>Reads an object from JSON.</summary>
    /// <exception cref="JsonException">A field has another type than the model's.</exception>
    public static T FromJson<T>(JsonNode json) where T : KubernetesObject => KubernetesJson.FromNode<T>(json);

    /// <summary>The object as the API server writes it.</summary>
    public JsonObject ToJson() => KubernetesJson.ToNode(this);

    /// <summary>The items of a typed list come without these two.</summary>
    internal void FillType(ApiResource resource)
    {
        _apiVersion ??= resource.ApiVersion;
        _kind ??= resource.Kind;
    }

    public sealed override string ToString() =>
        Metadata.Namespace is null ? $"{Kind} {Metadata.Name}" : $"{Kind} {Metadata.Namespace}/{Metadata.Name}";
}
