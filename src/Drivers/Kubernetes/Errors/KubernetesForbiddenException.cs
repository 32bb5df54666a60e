namespace Heal.Drivers.Kubernetes;

/// <summary>Our identity may not do this. When it is for want of an RBAC rule, the message says which.</summary>
public sealed class KubernetesForbiddenException(KubernetesApiError error, MissingPermission? missing)
    : KubernetesApiException(error with { ServerMessage = $"{error.ServerMessage} {missing?.Describe()}".Trim() })
{
    /// <summary>Null when something other than RBAC refused: a quota, an admission rule, a namespace that is going away.</summary>
    public MissingPermission? Missing { get; } = missing;
}

/// <summary>The RBAC rule that would have allowed a call.</summary>
/// <param name="Subject">Who we are to the server, e.g. "system:serviceaccount:heal:heal"; empty when it did not say.</param>
/// <param name="Resource">Plural, with the subresource if one: "deployments/scale".</param>
/// <param name="Namespace">Null: needed in the whole cluster (a ClusterRole).</param>
public sealed record MissingPermission(string Subject, string Verb, string Group, string Resource, string? Namespace)
{
    internal string Describe() =>
        $"Missing RBAC rule for '{(Subject.Length == 0 ? "this identity" : Subject)}': "
        + $"apiGroups [\"{Group}\"], resources [\"{Resource}\"], verbs [\"{Verb}\"] "
        + (Namespace is null ? "in a ClusterRole." : $"in a Role of namespace '{Namespace}'.");
}
