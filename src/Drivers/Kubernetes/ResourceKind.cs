using System.Collections.Concurrent;
using System.Reflection;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>Names a kind of object: API group (empty: the core group), kind and, if one is wanted, version.</summary>
/// <param name="Version">Null: the version that the server prefers.</param>
public sealed record ResourceKind(string Group, string Kind, string? Version = null)
{
    private static readonly ConcurrentDictionary<Type, ResourceKind> OfType = new();

    /// <summary>The kind that a model stands for.</summary>
    /// <exception cref="InvalidOperationException">The type has no <see cref="KubernetesResourceAttribute"/>.</exception>
    public static ResourceKind Of<T>() where T : KubernetesObject => OfType.GetOrAdd(typeof(T), static type =>
    {
        var attribute = type.GetCustomAttribute<KubernetesResourceAttribute>(inherit: false)
            ?? throw new InvalidOperationException(
                $"Type '{type.Name}' names no Kubernetes kind: add [KubernetesResource], or use the overload that takes a ResourceKind.");
        return new ResourceKind(attribute.Group, attribute.Kind, attribute.Version);
    });

    /// <summary>From the two fields that every object and owner reference has, e.g. "apps/v1" and "Deployment".</summary>
    public static ResourceKind FromApiVersion(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? new ResourceKind(string.Empty, kind, apiVersion)
            : new ResourceKind(apiVersion[..slash], kind, apiVersion[(slash + 1)..]);
    }

    public override string ToString() => Group.Length == 0 ? Kind : $"{Kind}.{Group}";
}

/// <summary>Says which Kubernetes kind a model stands for.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class KubernetesResourceAttribute(string group, string kind) : Attribute
{
    /// <summary>API group; empty is the core group.</summary>
    public string Group { get; } = group;

    public string Kind { get; } = kind;

    /// <summary>The one version whose fields the model has; null when they are the same in every served version.</summary>
    public string? Version { get; init; }
}

/// <summary>How a server serves a kind, as its discovery says.</summary>
/// <param name="Group">API group; empty is the core group.</param>
/// <param name="Version">The version that calls will use.</param>
/// <param name="Plural">The name in URLs.</param>
/// <param name="Verbs">What the server can do with it.</param>
public sealed record ApiResource(
    string Group, string Version, string Kind, string Plural, bool Namespaced, IReadOnlyList<string> Verbs)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>E.g. status, scale, log, eviction.</summary>
    public IReadOnlyList<ApiSubresource> Subresources { get; init; } = [];

    /// <summary>A subresource by name; null when the server does not serve it.</summary>
    public ApiSubresource? Subresource(string name) => Subresources.FirstOrDefault(s => s.Name == name);
}

/// <summary>How a server serves a part of an object.</summary>
/// <param name="Name">E.g. "eviction".</param>
/// <param name="ApiVersion">Of the documents that it takes and gives, which need not be that of the object: policy/v1beta1.</param>
/// <param name="Kind">Of the documents, e.g. "Eviction".</param>
public sealed record ApiSubresource(string Name, string ApiVersion, string Kind, IReadOnlyList<string> Verbs);

/// <summary>What GET /version says.</summary>
public sealed record ServerVersion
{
    public string GitVersion { get; init; } = string.Empty;
    public string Platform { get; init; } = string.Empty;
}
