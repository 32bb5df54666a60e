namespace Heal.Drivers.Kubernetes;

/// <summary>
/// The write did not happen because of someone else: the object changed meanwhile, exists already, or (server-side apply) others own
/// its fields.
/// </summary>
public sealed class KubernetesConflictException(KubernetesApiError error, IReadOnlyList<FieldConflict> conflicts)
    : KubernetesApiException(error)
{
    /// <summary>Who owns which field; empty unless it was a server-side apply.</summary>
    public IReadOnlyList<FieldConflict> Conflicts { get; } = conflicts;

    public bool AlreadyExists => Reason == "AlreadyExists";
}

/// <summary>A field that a server-side apply wanted and another manager owns.</summary>
/// <param name="Manager">The owner's field manager, e.g. "kubectl-client-side-apply"; empty when the server did not say.</param>
/// <param name="Field">E.g. ".spec.replicas".</param>
public sealed record FieldConflict(string Manager, string Field);
