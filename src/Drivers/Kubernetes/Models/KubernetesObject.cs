using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>
/// A piece of an API object. Fields that a model does not name are kept and written back, so that read-change-replace loses nothing.
/// </summary>
public abstract record KubernetesModel
{
    /// <summary>Fields without a property of their own, by JSON name.</summary>
    [JsonExtensionData]
    public JsonObject? OtherFields { get; init; }
}

/// <summary>Any API object; used as it is for kinds without a model (spec and the rest are in OtherFields).</summary>
public record KubernetesObject : KubernetesModel
{
    /// <summary>Group and version, e.g. "apps/v1". Writes fill it in.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>E.g. "Deployment". Writes fill it in.</summary>
    public string? Kind { get; init; }

    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>Reads an object from JSON.</summary>
    /// <exception cref="System.Text.Json.JsonException">A field has another type than the model's.</exception>
    public static T FromJson<T>(JsonNode json) where T : KubernetesObject => KubernetesJson.FromNode<T>(json);

    /// <summary>The object as the API server writes it.</summary>
    public JsonObject ToJson() => KubernetesJson.ToNode(this);

    public sealed override string ToString() =>
        Metadata.Namespace is null ? $"{Kind} {Metadata.Name}" : $"{Kind} {Metadata.Namespace}/{Metadata.Name}";
}
