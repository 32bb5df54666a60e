using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>Names an object within its kind.</summary>
internal readonly record struct ObjectKey(string? Namespace, string Name)
{
    public static ObjectKey Of(KubernetesObject value) => new(value.Metadata.Namespace, value.Metadata.Name ?? string.Empty);
}
