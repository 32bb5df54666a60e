namespace Heal.Drivers.Kubernetes;

/// <summary>
/// What is left out of objects as they are read, so that many of them fit into memory. A trimmed object cannot be written back as a
/// whole (<see cref="IKubernetesClient.ReplaceAsync"/> refuses it): patch, or read it anew.
/// </summary>
public sealed record ObjectTrim
{
    /// <summary>Leaves out metadata.managedFields, often a third of an object. Default true.</summary>
    public bool ManagedFields { get; init; } = true;

    /// <summary>
    /// Annotations with a longer value, in characters, are left out: copies of whole manifests and the like. Default 1,024; null keeps all.
    /// </summary>
    public int? MaxAnnotationLength { get; init; } = 1024;

    /// <summary>The names of top-level fields that nobody here reads, e.g. "data" of Secrets. Only fields without a property.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];
}
